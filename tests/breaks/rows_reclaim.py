"""Deliberate breaks: lists of pages, reclaim, swap, out of memory."""

from .row import Break

ROWS: list[Break] = [
    # --- rmap ---
    Break("rmap: the accessed bit is ignored", "mm/space/rmap_unmap.c",
          "\tif (take_accessed(vma, address, entry) ||\n\t    !new_value",
          "\tif (!new_value", "rmap.private_memory_goes_and_comes"),
    Break("rmap: a use is counted again", "mm/space/rmap_unmap.c",
          "\tpt_clear_bits(entry, (u32)_PAGE_ACCESSED);\n", "",
          "rmap.a_use_is_seen_once"),
    Break("rmap: no flush behind a use", "mm/space/rmap_unmap.c",
          "\tflush_mm_page(vma->vm_mm, address);\n", "",
          "rmap.a_use_is_seen_once"),
    Break("rmap: no flush behind an entry that goes", "mm/space/rmap_unmap.c",
          "\tflush_mm_page(mm, address);\n", "",
          "rmap.no_write_behind_the_unmap"),
    Break("rmap: the dirty bit is tested before the unmap",
          "mm/space/rmap_unmap.c",
          "\tif (take_accessed(vma, address, entry) ||\n"
          "\t    !new_value(v->page, &value)) {\n"
          "\t\tv->result = UNMAP_AGAIN;\n\t\treturn false;\n\t}\n"
          "\told = pt_take(&mm->pgd, entry);\n",
          "\told = pt_read(&mm->pgd, entry);\n"
          "\tif (take_accessed(vma, address, entry) ||\n"
          "\t    !new_value(v->page, &value)) {\n"
          "\t\tv->result = UNMAP_AGAIN;\n\t\treturn false;\n\t}\n"
          "\tpt_take(&mm->pgd, entry);\n",
          "rmap.a_write_at_the_last_moment"),
    Break("rmap: what the CPU noted is lost", "mm/space/rmap_unmap.c",
          "\tif (old & _PAGE_DIRTY)\n", "\tif (0)\n",
          "rmap_storm.private_memory"),
    Break("rmap: a file is not told of writes", "mm/space/rmap_unmap.c",
          "\telse\n\t\ttell_dirty(vma, page);\n", "",
          "rmap_storm.shared_file"),
    Break("rmap: locked memory goes", "mm/space/rmap_unmap.c",
          "(VM_LOCKED | VM_IO)", "VM_IO",
          "rmap.locked_memory_and_windows_stay"),
    Break("rmap: a slot is not counted", "mm/space/rmap_unmap.c",
          "return swap_hooks.copy(*value);", "return true;",
          "rmap.private_memory_goes_and_comes"),
    Break("rmap: a busy list is no use", "mm/space/rmap_unmap.c",
          "return v.referenced + busy;", "return v.referenced;",
          "rmap.a_busy_file"),
    Break("rmap: who walks is not counted", "mm/space/rmap.c",
          "if (likely(!atomic_read(&walkers))) {", "if (1) {",
          "rmap.an_anon_vma_outlives_who_walks"),
    Break("rmap: the last who walks frees nothing", "mm/space/rmap.c",
          "\tif (atomic_dec_and_test(&walkers) &&\n",
          "\tif (atomic_dec_and_test(&walkers) && 0 &&\n",
          "rmap.an_anon_vma_outlives_who_walks"),
    Break("rmap: the swap cache is a second owner", "mm/space/memory.c",
          "return page_count(page) == 2 && swap_hooks.reuse",
          "return page_count(page) == 1 && swap_hooks.reuse",
          "rmap.the_cache_is_no_second_owner"),
    Break("rmap: written, though another entry says the slot",
          "mm/space/memory.c", "\t       swap_hooks.reuse(page);",
          "\t       true;", "rmap.forked_three_times"),
    Break("rmap: fork passes over a slot that is full", "mm/space/memory.c",
          "if (!copy_swapped(child->vm_mm, to, value))\n\t\t\t\tbreak;",
          "copy_swapped(child->vm_mm, to, value);",
          "rmap.fork_copies_what_is_away"),
    Break("rmap: who goes leaves a page in swap", "mm/space/zap.c",
          "\t\t\tswap_hooks.unused(g->page[i]);\n", "\t\t\t;\n",
          "rmap.the_cache_is_no_second_owner"),
    Break("rmap: what is away is not reported", "mm/report/smaps.c",
          "\t\tsum->swap += kb;\n", "\t\t;\n",
          "rmap.reports_say_what_is_away"),
    Break("rmap: mm_check() counts no swap entries", "mm/space/check.c",
          "\t\tis->swap++;\n", "\t\t;\n",
          "rmap.private_memory_goes_and_comes"),
]
