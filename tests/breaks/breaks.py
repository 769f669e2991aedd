#!/usr/bin/env python3
"""Breaks each mechanism on purpose and sees whether a named test goes red.

A test that cannot fail proves nothing. Each row below changes one place of a
copy of the tree, builds it, boots it, and expects the test it names to fail
(or the boot to die, where the break leaves nothing to report). `make breaks`
runs them all; it takes some minutes and is not part of `make test`.
"""
import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

TREE = pathlib.Path(__file__).resolve().parents[2]
QEMU = ["qemu-system-i386", "-accel", "tcg,thread=single", "-display", "none",
        "-no-reboot", "-nodefaults", "-serial", "stdio",
        "-device", "isa-debug-exit,iobase=0xf4,iosize=4"]


PASSED = 33    # what QEMU makes of the kernel's code for success


class Break:
    """One deliberate mistake: where, what, and the case that must notice."""

    def __init__(self, name, path, old, new, caught_by, cpu="max", mem="64M",
                 options="", initrd=None):
        self.name, self.path, self.old, self.new = name, path, old, new
        self.caught_by, self.cpu, self.mem = caught_by, cpu, mem
        self.options, self.initrd = options, initrd


BREAKS = [
    Break("large page not set", "mm/table/init.c",
          "if (!paging_mode.pse || !whole", "if (true || !whole",
          "paging.large_pages_where_they_may_be"),
    Break("global bit lost", "mm/table/init.c",
          "supported_pte_mask |= _PAGE_GLOBAL;", ";",
          "paging.global_where_the_cpu_has_it"),
    Break("kernel text not reserved", "kernel/setup.c",
          'reserve_symbols(_text, _etext, "kernel text");', "",
          "memory.parts_of_the_kernel_have_their_owners"),
    Break("kernel bss not reserved", "kernel/setup.c",
          'reserve_symbols(__bss_start, __bss_stop, "kernel bss");', "",
          "memory.the_image_is_reserved_whole"),
    Break("modules not reserved", "kernel/setup.c",
          'reserve(m->start, m->end, "module");', "",
          "memory.modules_are_reserved", initrd="Makefile"),
    Break("live tables not reserved", "mm/early/memblock.c",
          "return memblock_reserve(mb, base, size, owner) ? 0 : base;",
          "return memblock_reserve(mb, base, 1, owner) ? 0 : base;",
          "paging.tables_are_reserved"),
    Break("ACPI tables not reserved", "kernel/acpi.c",
          'nr_tables++;\n\tif (memblock_reserve(&memblock, pa, head.length,',
          'nr_tables++;\n\tif (0 && memblock_reserve(&memblock, pa, head.length,',
          "acpi.tables_are_sound_and_reserved"),
    Break("probe takes NMIs", "kernel/cpu/traps.c",
          "vector != TRAP_NMI &&", "true &&",
          "traps.probe_leaves_nmi_alone"),
    Break("large page over an empty table", "mm/table/pgtable.c",
          "int level = whole && !has_table(pt, va + done) ? 2 : 1;",
          "int level = whole ? 2 : 1;",
          "pgtable.two_level_large_over_an_empty_table"),
    Break("identity map kept", "mm/table/init.c",
          "pt_drop_root(&kernel_pgtable, PAGE_OFFSET);", "",
          "paging.identity_map_is_gone"),
    Break("text writable", "mm/table/init.c",
          "p < _etext)\n\t\treturn PAGE_KERNEL_ROX;",
          "p < _etext)\n\t\treturn PAGE_KERNEL_ROX | _PAGE_RW;",
          "paging.text_is_read_only"),
    Break("rodata writable", "mm/table/init.c",
          "return PAGE_KERNEL_RO;", "return PAGE_KERNEL;",
          "paging.rodata_is_read_only"),
    Break("CR0.WP not set", "mm/table/init.c",
          "write_cr0(read_cr0() | CR0_WP);", "",
          "paging.text_is_read_only"),
    Break("NX not set", "mm/table/init.c",
          "supported_pte_mask |= _PAGE_NX;", ";",
          "paging.nx", options="pae"),
    Break("guard page mapped", "mm/table/init.c",
          "p < boot_stack)\n\t\treturn 0;", "p < boot_stack)\n\t\t;",
          "paging.stacks_have_guard_pages"),
    Break("direct map one page short", "mm/table/init.c",
          "u32 end = end_pfn << PAGE_SHIFT;",
          "u32 end = (end_pfn - 1) << PAGE_SHIFT;",
          "paging.direct_map_is_whole"),
    Break("direct map one page long", "mm/table/init.c",
          "u32 end = end_pfn << PAGE_SHIFT;",
          "u32 end = (end_pfn + 1) << PAGE_SHIFT;",
          "paging.direct_map_ends_with_lowmem"),
    Break("provisional leftovers kept", "mm/table/init.c",
          "pt_unmap(&kernel_pgtable, PAGE_OFFSET + first,\n"
          "\t\t PROVISIONAL_END - first);", "",
          "paging.direct_map_ends_with_lowmem", cpu="486", mem="6M"),
    Break("no flush after a page changed", "mm/table/pgtable.c",
          "if (last->value & _PAGE_PRESENT)\n\t\tflush_tlb_one(va);", "",
          "tlb.set_fixmap_flushes"),
    Break("no flush after a protection changed", "mm/table/pgtable.c",
          "else if (done)\n\t\tflush_tlb_range(va, va + done);", "",
          "tlb.protection_change_flushes"),
    Break("flush of everything flushes nothing", "kernel/cpu/tlb.c",
          "write_cr4(cr4 & ~CR4_PGE);\n\twrite_cr4(cr4);", "",
          "tlb.flush_all_drops_global_pages"),
    Break("split loses the frame", "mm/table/pgtable.c",
          "write_entry(pt, small, make_leaf(pa, prot, 1));\n\t\tpa +=",
          "write_entry(pt, small, make_leaf(pa, prot, 1));\n\t\tpa += 0 *",
          "pgtable.two_level_splits_on_unmap"),
    Break("walk ignores the upper levels' rights", "mm/table/pgtable.c",
          "note_step(walk, slot, value, level < 3);",
          "note_step(walk, slot, value, level == 2);",
          "pgtable.pae_rights_are_anded"),
    Break("another frame overwritten in silence", "mm/table/pgtable.c",
          "if (!is_leaf(old, level) || leaf_frame(pt, old, level) != pa)",
          "if (!is_leaf(old, level))",
          "pgtable.two_level_refuses_other_frames"),
    Break("running out of tables unnoticed", "mm/table/pgtable.c",
          "if (!pa)\n\t\treturn NULL;\n\t/* PAE's top entries",
          "if (!pa && pt == &kernel_pgtable)\n\t\treturn NULL;\n"
          "\tif (!pa)\n\t\tpa = __pa(pt->root);\n\t/* PAE's top entries",
          "pgtable.two_level_out_of_tables_at_every_step"),
    Break("census blind to places", "mm/table/pgtable.c",
          "(half ^ slot.index)", "half",
          "pgtable.two_level_census_sees_every_change"),
    Break("lowest type wins", "mm/early/e820.c",
          "type = max(type, entry->type);",
          "type = type ? min(type, entry->type) : entry->type;",
          "e820.sweep"),
    Break("tag lengths not checked", "kernel/multiboot.c",
          "if (tag->size < sizeof(*tag) || tag->size > size - at)",
          "if (tag->size < sizeof(*tag))",
          "multiboot.lengths_past_the_end"),
    Break("strings without end accepted", "kernel/multiboot.c",
          "return strnlen(string, room) < room;", "return true;",
          "multiboot.strings_without_end"),
    Break("RAM above 4 GB without PAE", "mm/table/init.c",
          "return pae_given || end_pfn > PFN_DOWN(FOUR_GB);",
          "return pae_given;",
          "paging.three_levels_where_ram_needs_them", mem="6G"),
    Break("PAE with 32 address bits believed", "mm/table/init.c",
          "paging_mode.phys_limit = FOUR_GB;\n}", ";\n}",
          "paging.last_frame_of_ram_can_be_reached", cpu="qemu32", mem="6G"),
    Break("double fault without a task of its own", "kernel/cpu/desc.c",
          "idt[TRAP_DOUBLE_FAULT] = gate(0, __DOUBLEFAULT_TSS_SEL, GATE_TASK);",
          "", "panic.stack_overflow"),
    Break("8259 not masked", "kernel/cpu/pic.c",
          "outb(PIC1 + PIC_DATA, 0xff);", "",
          "cpu.interrupts_are_off_and_masked"),
    Break("PAE taken for 32 address bits", "kernel/cpu/cpuid.c",
          "info->phys_bits = 36;", "info->phys_bits = 32;",
          "cpuid.pae_means_36_bits_where_nothing_is_told"),
    Break("ledger blind to leaks", "tests/kernel/ktest.c",
          'compare("bytes reserved", a->reserved, b->reserved);', "",
          "ktest.ledger_sees_leaks"),
    Break("expectation that cannot fail", "tests/kernel/ktest.c",
          "if (got == want)\n\t\treturn true;", "return true;",
          "ktest.wrong_expectations_fail"),
    Break("pages: merge without order check", "mm/page/buddy.c",
          "if (buddy->flags != wanted)",
          "if ((buddy->flags ^ wanted) & ~PAGE_ORDER_MASK)",
          "buddy.buddy_of_another_order"),
    Break("pages: merge across zones", "mm/page/buddy.c",
          "if (buddy->flags != wanted)",
          "if ((buddy->flags ^ wanted) << (32 - ZONEID_SHIFT))",
          "buddy.no_merge_across_a_zone_border"),
    Break("pages: merge with a reserved page", "mm/page/buddy.c",
          "if (buddy->flags != wanted)",
          "if ((buddy->flags ^ wanted) & ~(1U << PG_reserved))",
          "buddy.no_merge_with_a_page_without_users"),
    Break("pages: upper halves lost", "mm/page/buddy.c",
          "add_block(zone, page + (1U << high), high);", "",
          "buddy.upper_halves_go_back"),
    Break("pages: lower halves go back", "mm/page/buddy.c",
          "add_block(zone, page + (1U << high), high);",
          "add_block(zone, page, high), page += 1U << high;",
          "buddy.one_block_comes_out_ascending"),
    Break("pages: counter off by one", "mm/page/buddy.c",
          "zone->free_pages -= 1U << order;",
          "zone->free_pages -= (1U << order) - 1;",
          "buddy.upper_halves_go_back"),
    Break("pages: largest blocks merge", "mm/page/buddy.c",
          "*last = &zone->free_area[MAX_ORDER - 1];",
          "*last = &zone->free_area[MAX_ORDER];",
          "buddy.largest_blocks_do_not_merge"),
    Break("pages: more taken at once than wanted", "mm/page/buddy.c",
          "for (*order = 0; *order < largest; ++*order)",
          "for (*order = 0; *order < MAX_ORDER - 1U; ++*order)",
          "buddy.upto_takes_the_smallest_there_is"),
    Break("pages: runs not put back as blocks", "mm/page/buddy.c",
          "page += 1U << order;\n\t\tn -= 1U << order;",
          "page += 1U << order;\n\t\tn -= min(n, 2U << order);",
          "buddy.every_run_goes_back"),
    Break("pages: damaged page given back", "mm/page/page_alloc.c",
          "if (!still_clean(stack[0]))", "if (0)",
          "bad_free.damaged_page_is_not_given_back"),
    Break("pages: lowmem_reserve ignored", "mm/page/watermark.c",
          "if (free <= least + (s32)zone->lowmem_reserve[classzone])",
          "if (free <= least)", "watermark.reserve_adds_to_the_mark"),
    Break("pages: watermark ignores the orders", "mm/page/watermark.c",
          "for (o = 0; o < order; o++) {", "for (o = order; o < order; o++) {",
          "watermark.small_blocks_do_not_count"),
    Break("pages: ATOMIC gets no reserve", "mm/page/alloc_slow.c",
          "(gfp & __GFP_HIGH ? ALLOC_HIGH : 0) |", "0 |",
          "watermark.atomic_against_normal"),
    Break("pages: who may not wait gets no more", "mm/page/alloc_slow.c",
          "(gfp & __GFP_WAIT ? 0 : ALLOC_HARDER),", "0,",
          "watermark.atomic_against_normal"),
    Break("pages: distance ignored", "mm/page/mmzone.c",
          "return (distance * 2 + set->has_cpu[node])",
          "return (0 * distance + set->has_cpu[node])",
          "zonelist.four_nodes_by_distance"),
    Break("pages: numa_miss not counted", "mm/page/page_alloc.c",
          "count->numa_miss++;", ";", "zonelist.counters"),
    Break("pages: CPU's list not drained", "mm/page/page_alloc.c",
          "give_back(zone, &set->pcp[1], set->pcp[1].count);", "",
          "pcp.drain_empties_both"),
    Break("pages: no draining before giving up", "mm/page/alloc_slow.c",
          "drain_zonelist(rq);\n\tpage = try_zones(", "page = try_zones(",
          "pcp.block_needs_what_the_cpu_keeps"),
    Break("pages: batch given back one late", "mm/page/page_alloc.c",
          "if (unlikely(pcp->count >= pcp->high))",
          "if (unlikely(pcp->count > pcp->high))",
          "pcp.low_high_and_batch"),
    Break("pages: kept block forgets the marks", "mm/page/page_alloc.c",
          "|| !low_mark_ok(zone, order)", "",
          "pcp.kept_block_obeys_the_marks"),
    Break("pages: list of the CPU with interrupts on", "mm/page/page_alloc.c",
          "flags = local_irq_save();\n\t\tpage = order",
          "flags = read_eflags();\n\t\tpage = order",
          "pcp.interrupts_allocate_too"),
    Break("pages: kswapd not woken", "mm/page/alloc_slow.c",
          "reclaim_hooks.wakeup_kswapd(*z, rq->order);", ";",
          "alloc_slow.wakes_kswapd_below_low"),
    Break("pages: kill without __GFP_FS", "mm/page/alloc_slow.c",
          "if (!(rq->gfp & __GFP_FS) || rq->gfp & __GFP_NORETRY)",
          "if (rq->gfp & __GFP_NORETRY)", "alloc_slow.nofs_waits"),
    Break("pages: reclaim may not dig deeper", "mm/page/alloc_slow.c",
          "return reclaiming[smp_processor_id()] &&", "return 0 &&",
          "alloc_slow.reclaim_may_take_all"),
    Break("pages: double free not noticed", "mm/page/page_alloc.c",
          "if (page_count(page) <= 0)\n\t\treturn problem_without_users",
          "if (page_count(page) < 0)\n\t\treturn problem_without_users",
          "bad_free.double_free"),
    Break("pages: wrong order not noticed", "mm/page/page_alloc.c",
          "if (page_order(page) != order)\n\t\treturn \"it was",
          "if (0)\n\t\treturn \"it was", "bad_free.wrong_order"),
    Break("pages: pages behind the first not looked at",
          "mm/page/page_alloc.c",
          "problem = tail_problem(page, order);", "problem = NULL;",
          "bad_free.pages_behind_the_first"),
    Break("pages: single page not zeroed", "mm/page/alloc_slow.c",
          "for (i = 0; i < 1U << order; i++)", "for (i = 0; i < order; i++)",
          "pages.get_zeroed_page"),
    Break("pages: only the first page zeroed", "mm/page/alloc_slow.c",
          "clear_highpage(page + i);", "clear_highpage(page);",
          "pages.zeroed_block"),
    Break("pages: rest of an exact size kept", "mm/page/page_alloc.c",
          "__free_page(page + rest);", ";", "pages.alloc_pages_exact"),
    Break("pages: reserved frames not marked", "mm/page/init.c",
          "page->flags |= 1U << PG_reserved;\n\tatomic_set",
          "atomic_set", "page_init.what_is_reserved_stays"),
    Break("pages: reserved frames handed over", "mm/page/init.c",
          "*start = max(piece->start, (u32)PFN_UP(base));",
          "*start = piece->start;", "page_init.what_is_reserved_stays"),
    Break("pages: init sections not filled", "mm/page/init.c",
          "memset(start, POISON_FREE_INITMEM, (size_t)(end - start));", "",
          "page_init.init_sections_are_given_back"),
    Break("pages: poison not checked", "mm/page/page_debug.c",
          "if (page_is_intact(page, &at, &word))\n\t\treturn;", "return;",
          "page_debug.write_after_free", options="debug=page_poison"),
    Break("pages: free pages stay mapped", "mm/page/page_debug.c",
          "map_page(page, false);", ";", "page_debug.use_after_free_faults",
          options="debug=pagealloc"),
    Break("pages: allocation site not noted", "mm/page/page_debug.c",
          "owner->alloc_site = site;", ";", "page_debug.owner_of_a_block",
          options="debug=page_owner"),
    Break("pages: broken links not noticed", "mm/page/check.c",
          "link->prev->next != link || link->next->prev != link)",
          "false)", "page_check.links"),
    Break("pages: lost pages not noticed", "mm/page/check.c",
          "if (total != zone->free_pages + nr_pcp_pages(zone))", "if (0)",
          "page_check.pages_in_no_state"),
    Break("pages: ledger blind to pages", "tests/kernel/ktest.c",
          "compare_zone(zone, i, a, b);", ";", "ktest.ledger_sees_leaks"),
    Break("SRAT entries not bounded by the table", "kernel/srat.c",
          "if (left < ENTRY_HEAD || entry[1] > left)",
          "if (left < ENTRY_HEAD)", "srat.every_truncation"),
    # --- kernel/base: traces, failures on purpose, debug= ---
    Break("trace: frames beyond the stack", "kernel/base/trace.c",
          "if (at <= below || at > last || at % 4)",
          "if (at <= below || at % 4)", "trace.a_broken_chain_ends_it"),
    Break("trace: frames that go down", "kernel/base/trace.c",
          "if (frame->ebp > at)", "if (1)",
          "trace.unwinds_any_stack"),
    Break("trace: frames that are not aligned", "kernel/base/trace.c",
          "return frame >= PAGE_OFFSET && frame % 4 == 0;",
          "return frame >= PAGE_OFFSET;", "trace.unwinds_any_stack"),
    Break("trace: an unreadable frame not told", "kernel/base/trace.c",
          "walk->unreadable = at;", "", "trace.unwinds_any_stack"),
    Break("fail: one too late", "kernel/base/fail.c",
          "return point->asked >= point->plan.n;",
          "return point->asked > point->plan.n;", "fail.nth"),
    Break("fail: without end", "kernel/base/fail.c",
          "if (point->plan.times && !--point->left) {", "if (0) {",
          "fail.nth"),
    Break("fail: interval without its seed", "kernel/base/fail.c",
          "point->plan.seeded ? draw(point, n) : n - 1", "n - 1",
          "fail.interval_with_seed"),
    Break("fail: not repeatable", "kernel/base/fail.c",
          "point->random = plan->seed ^ 0x9e3779b9;",
          "point->random += plan->seed ^ 0x9e3779b9;", "fail.probability"),
    Break("fail: owner not told of the end", "kernel/base/fail.c",
          "if (ended && point->changed)", "if (0)", "fail.owner_is_told"),
    Break("fail: a key twice", "kernel/base/fail.c",
          "|| *given & 1U << key)", ")", "fail.texts"),
    Break("fail: the command line forgotten", "kernel/base/fail.c",
          "if (point->boot.how != FAIL_OFF)", "if (0)", "fail.arm"),
    Break("fail: what must not fail is asked", "mm/page/alloc_slow.c",
          "if (page_debugging && !(gfp & __GFP_NOFAIL) &&",
          "if (page_debugging &&", "pages.nofail_is_not_asked"),
    Break("debug=: a name without slab", "kernel/base/debug.c",
          "if (!bit && bits & SLAB_BIT) {", "if (!bit) {",
          "debug_option.words"),
    Break("debug=: names cut short", "kernel/base/debug.c",
          "if (strlen(c->cache[i]) == len &&", "if (",
          "debug_option.names_are_matched_whole"),
    Break("debug=: options lost", "kernel/base/debug.c",
          "made.options |= bits;", "",
          "debug_option.words"),
    # --- interrupts, softirqs, time, timers ---
    Break("irq: a shared line for one that does not share", "kernel/cpu/irq.c",
          "!(wanted->flags & (*end)->flags & SA_SHIRQ)",
          "!((*end)->flags & SA_SHIRQ)", "irq.handlers_share_a_line"),
    Break("irq: the last free does not mask", "kernel/cpu/irq.c",
          "if (action && !lines[irq].actions)", "if (0)",
          "irq.handlers_share_a_line"),
    Break("irq: descriptions are not given back", "kernel/cpu/irq.c",
          "action->handler = NULL;", "", "irq.descriptions_run_out"),
    Break("irq: disable does not nest", "kernel/cpu/irq.c",
          "if (!--lines[irq].disabled && lines[irq].actions)",
          "lines[irq].disabled = 0; if (lines[irq].actions)",
          "irq.disable_nests"),
    Break("irq: unwanted ones not counted in a row", "kernel/cpu/irq.c",
          "line->counts.handled++;\n\t\tline->in_a_row = 0;",
          "line->counts.handled++;",
          "irq.unwanted_line_is_masked_and_told_once"),
    Break("irq: spurious ones taken for real", "kernel/cpu/pic.c",
          "if (inb(port) & 1U << SPURIOUS_LINE)", "if (1)",
          "irq.spurious_ones_are_told_apart"),
    Break("irq: the second chip is not told", "kernel/cpu/pic.c",
          "outb(PIC2, (u8)(SPECIFIC_EOI | irq % 8));", "",
          "irq.second_chip_interrupts"),
    Break("irq: the cascade stays masked", "kernel/cpu/pic.c",
          "set_mask(CASCADE_IRQ, false);", ";", "irq.second_chip_interrupts"),
    Break("irq: handlers on the stack that was interrupted",
          "kernel/cpu/irq.c",
          "if (on_irq_stack((u32)(uintptr_t)__builtin_frame_address(0)))",
          "if (1)", "irq.handlers_know_where_they_are"),
    Break("irq: a handler is not counted", "kernel/cpu/irq.c",
          "preempt_count() += HARDIRQ_OFFSET;",
          "preempt_count() += SOFTIRQ_OFFSET;",
          "irq.handlers_know_where_they_are"),
    Break("irq: traces end at the interrupt stack", "kernel/base/trace.c",
          "walk->other_stack = returns_to(frame->eip, stack_return_address);",
          "", "irq.trace_goes_over_to_what_was_interrupted"),
    Break("irq: traces leave out what was interrupted", "kernel/base/trace.c",
          "walk->interrupted = interrupted_at(at, frame.eip);", "",
          "irq.trace_goes_over_to_what_was_interrupted"),
    Break("irq: sequences are not set back", "kernel/cpu/traps.c",
          "if (!in_range(eip, &around_all))", "if (1)",
          "irq.sequences_begin_again"),
    Break("softirq: in the wrong order", "kernel/cpu/softirq.c",
          "u32 nr = (u32)__builtin_ctz(bits), before = preempt_count();\n\n"
          "\t\tbits &= bits - 1;",
          "u32 nr = 31 - (u32)__builtin_clz(bits), before = preempt_count();"
          "\n\n\t\tbits &= ~(1U << nr);",
          "softirq.tasklets_run_once_in_order"),
    Break("softirq: a tasklet on the list twice", "kernel/cpu/softirq.c",
          "if (!(atomic_fetch_set_bits(&tasklet->state, TASKLET_SCHEDULED) &",
          "if (!(atomic_fetch_set_bits(&tasklet->state, TASKLET_RUNNING) &",
          "softirq.tasklets_run_once_in_order"),
    Break("softirq: inside of local_bh_disable()", "kernel/cpu/softirq.c",
          "if (softirq_pending() && !in_interrupt())",
          "if (softirq_pending())", "softirq.bh_disable_nests"),
    Break("softirq: inside of a softirq", "kernel/cpu/irq.c",
          "if (softirq_pending() && !in_interrupt())",
          "if (softirq_pending())", "softirq.no_softirq_in_a_softirq"),
    Break("softirq: rounds without end", "kernel/cpu/softirq.c",
          "&& rounds++ < MAX_ROUNDS) {", ") {",
          "softirq.rounds_have_a_limit"),
    Break("softirq: nobody is told of the rest", "kernel/cpu/softirq.c",
          "if (bits && softirq_overload_hook)", "if (0)",
          "softirq.rounds_have_a_limit"),
    Break("softirq: a tasklet on two CPUs", "kernel/cpu/softirq.c",
          "put_on_list(tasklet, which);\n\t\tlocal_irq_restore(flags);\n"
          "\t\treturn;",
          "local_irq_restore(flags);",
          "softirq.tasklet_that_runs_elsewhere_waits"),
    Break("softirq: kill does not wait", "kernel/cpu/softirq.c",
          "run_until_clear(tasklet, TASKLET_SCHEDULED);", "break;",
          "softirq.kill_waits_for_it"),
    Break("softirq: enable keeps the CPU", "kernel/cpu/softirq.c",
          "preempt_check();", "",
          "softirq.enable_gives_the_cpu_to_whom_it_woke"),
    Break("time: lost ticks are lost", "kernel/cpu/time.c",
          "late -= tsc_per_tick)\n\t\tdue++;",
          "late -= late + 1)\n\t\tdue++;",
          "time.lost_ticks_are_made_up_for"),
    Break("time: early interrupts count", "kernel/cpu/time.c",
          "\treturn due;\n}\n\nstatic u32 count_ticks(void)",
          "\treturn due + !due;\n}\n\nstatic u32 count_ticks(void)",
          "time.early_interrupt_is_no_tick"),
    Break("time: udelay too short", "kernel/cpu/time.c",
          "wanted = div_u64((u64)us * tsc_khz, 1000) + 1;",
          "wanted = div_u64((u64)us * tsc_khz, 2000) + 1;",
          "time.udelay_waits_as_long_at_least"),
    Break("time: milliseconds rounded down", "kernel/cpu/time.c",
          "(u64)ms * hz + 999, 1000", "(u64)ms * hz, 1000",
          "time.conversions_round_up"),
    Break("time: hz= unbounded", "kernel/clock.c",
          "if (n < HZ_LEAST || n > HZ_MOST)", "if (0)", "time.hz_option"),
    Break("timer: far lists are not dealt out", "kernel/cpu/timer.c",
          "deal_out(base, n);", ";", "timer.borders_of_the_arrays"),
    Break("timer: by distance, not by round", "kernel/cpu/timer.c",
          "u32 differ = expires ^ base->now, n;",
          "u32 differ = expires - base->now, n;",
          "timer.one_tick_keeps_the_order"),
    Break("timer: past ones wait for a round", "kernel/cpu/timer.c",
          "if (time_before(expires, base->now))", "if (0)",
          "timer.past_ones_go_off_with_the_next_tick"),
    Break("timer: periodic once", "kernel/cpu/timer.c",
          "if (timer->period) {", "if (0) {",
          "timer.periodic_until_cancelled_by_itself"),
    Break("timer: mod leaves it on its list", "kernel/cpu/timer.c",
          "if (pending)\n\t\tleave(base, timer);\n\ttimer->expires = expires;",
          "if (0)\n\t\tleave(base, timer);\n\ttimer->expires = expires;",
          "timer.mod_moves_it"),
    Break("lib: division by halves", "include/kernel/lib/math64.h",
          "rest = high % by;", "rest = 0;", "math64.division_by_any_number"),
    Break("ledger: blind to the preempt count", "tests/kernel/ktest.c",
          'compare("preempt count", a->preempt_count, b->preempt_count);', "",
          "ktest.ledger_sees_counts"),
    Break("ledger: blind to timers", "tests/kernel/ktest.c",
          'compare("timers pending", a->timers, b->timers);', "",
          "ktest.ledger_sees_counts"),
]


def apply(tree, mistake):
    """Makes the change; an old text that is not there once is an error."""
    path = tree / mistake.path
    text = path.read_text()
    if text.count(mistake.old) != 1:
        raise SystemExit(f"{mistake.name}: its text stands "
                         f"{text.count(mistake.old)} times in {mistake.path}")
    path.write_text(text.replace(mistake.old, mistake.new))
    return text


def boot(tree, mistake, test):
    """Runs one test of the broken kernel; returns exit status and output."""
    command = QEMU + ["-cpu", mistake.cpu, "-m", mistake.mem,
                      "-kernel", str(tree / "build/swapper.elf"),
                      "-append", f"{mistake.options} test={test}".strip()]
    if mistake.initrd:
        command += ["-initrd", str(tree / mistake.initrd)]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, timeout=60,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    except subprocess.TimeoutExpired as late:
        return None, (late.stdout or b"").decode(errors="replace")
    return done.returncode, done.stdout.decode(errors="replace")


def verdict(mistake, status, output):
    """How the break was noticed, or None if it was not."""
    case = mistake.caught_by.split(".")[1]
    if re.search(rf"^\s*not ok \d+ {case}\s*$", output, re.M):
        return f"{mistake.caught_by} failed"
    if status == 0:
        return f"{mistake.caught_by}: triple fault"
    if status != PASSED and "PANIC" in output:
        panic = re.search(r"PANIC: (.*)", output).group(1)
        return f"{mistake.caught_by}: boot panicked: {panic}"
    if status is None:
        return f"{mistake.caught_by}: it hung"
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("filter", nargs="?", default="")
    wanted = parser.parse_args().filter
    missed = 0
    with tempfile.TemporaryDirectory() as scratch:
        tree = pathlib.Path(scratch) / "swapper"
        shutil.copytree(TREE, tree, symlinks=True,
                        ignore=shutil.ignore_patterns(".git", "toolchain"))
        for mistake in BREAKS:
            if wanted not in mistake.name:
                continue
            before = apply(tree, mistake)
            subprocess.run(["make"], cwd=tree, check=True, env=dict(os.environ),
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            how = verdict(mistake, *boot(tree, mistake, mistake.caught_by))
            (tree / mistake.path).write_text(before)
            missed += how is None
            print(f"{'caught' if how else 'MISSED'}  {mistake.name}: "
                  f"{how or mistake.caught_by + ' did not notice'}", flush=True)
    print(f"{missed} missed")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
