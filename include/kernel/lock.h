/*
 * The order of locks. A lock further in is taken while those further out are
 * held, never the other way round. Every lock of the kernel stands here.
 *
 *	file.f_pos_lock		where it is read; sleeps	kernel/fs
 *	    inode.i_mutex	the size of a file; sleeps	kernel/fs
 *	        mm.mmap_sem	by copies from and to users
 *	mm.mmap_sem		areas of one space; sleeps	mm/space
 *	    names_lock		all names; sleeps	kernel/fs/namei.c
 *	        inode_lock	all inodes, sizes	kernel/fs/inode.c
 *	        family_lock
 *	    a page's lock	PG_locked; sleeps		mm/cache
 *	        address_space.i_mmap_lock	areas; sleeps	mm/cache
 *	            anon_vma.lock	and so page_table_lock
 *	    mm.grow_mutex	stacks that grow; sleeps	mm/space
 *	        anon_vma.lock	areas that may have a page	mm/space
 *	            mm.page_table_lock	entries of one space	mm/space
 *	                tlb_lock
 *	                swap_list_lock	areas by priority	mm/reclaim
 *	                    swap_area.lock	slots, swap cache
 *	                zone.lru_lock
 *	                address_space.tree_lock	pages of a file	mm/cache
 *	                    mappings_lock	all that have pages, or
 *						dirty ones
 *	                    kmem_node.lock
 *	page_wait.lock		who waits for a page	mm/cache
 *	dead_lock		anon_vmas without areas	mm/space/rmap.c
 *	swapon_mutex		areas come and go; sleeps	mm/reclaim
 *	    mm.mmap_sem, inode.i_mutex, a page's lock
 *	shrinkers_lock		who gives objects back; sleeps	mm/reclaim
 *	shared_list_lock	all shared memory	mm/space
 *	shared_memory.lock	its slots in swap	mm/space
 *	files.lock		descriptors of a process	kernel/fs
 *	mmlist_lock		all spaces		mm/space
 *	request_queue.lock	a block device's work	kernel/block
 *	    timer_base.lock, workqueue.lock, wait_queue.lock, fail_lock, and
 *	    pgtable.lock (a RAM disk's window)
 *	    ide_channel.lock	a channel's ports	kernel/block/ide.c
 *	    fdc.lock		the floppy controller	kernel/block/floppy.c
 *		isa_dma_lock	the first 8237		kernel/cpu/dma8237.c
 *		timer_base.lock, wait_queue.lock
 *	disks_lock		which devices there are	kernel/block/blkdev.c
 *	pgtable.lock		entries below one root	mm/table
 *	    tlb_lock		one flush at a time	kernel/cpu/tlb.c
 *	        printk_lock	the consoles		kernel/base/printk.c
 *	kmem_caches_lock	the list of caches	mm/object
 *	    kmem_node.lock	slabs of one node	mm/object
 *		printk_lock
 *	    zone.lock
 *	bounce_lock		transfers through bounce pages	mm/high
 *	    mempool.lock
 *	mempool.lock		elements of a pool	mm/object
 *	copies_lock		who has kernel tables	mm/table
 *	vmap_space.lock		areas of addresses	mm/virt
 *	zone.lock		free lists of one zone	mm/page
 *	    printk_lock
 *	zone.lru_lock		pages to be had back	mm/reclaim/lru.c
 *	kmap_pool.lock		windows of one pool	mm/high
 *	    tlb_lock
 *	family_lock		parents and children	kernel/user
 *	    wait_queue.lock, mmlist_lock
 *	irq_lock		handlers, masks		kernel/cpu/irq.c
 *	time_lock		ticks			kernel/cpu/time.c
 *	timer_base.lock		one wheel of timers	kernel/cpu/timer.c
 *	pci_lock		configuration space	kernel/cpu/pci.c
 *	rx_lock			bytes received		kernel/cpu/serial.c
 *	workqueue.lock		works of one queue	kernel/sched
 *	mutex.lock, semaphore.lock, rw_semaphore.lock	kernel/sched
 *	wait_queue.lock		who waits for one thing	kernel/sched
 *	all_tasks_lock		all threads		kernel/sched
 *	    family_lock, mmlist_lock	out of memory	mm/reclaim/oom_kill.c
 *	    run_queue.lock	who can run: inside of all of these and of
 *				rx_lock		kernel/sched/sched.c
 *	fail_lock		what fails on purpose	kernel/base/fail.c
 *	page_trace_lock		a page's life; inside of all	mm/page
 *
 * All are taken with interrupts off, but anon_vma.lock, mm.page_table_lock and
 * dead_lock, which no handler ever takes. Two page_table_locks are held by fork
 * only: the parent's, then the child's, which nobody else holds with another.
 * Two zones' locks are never held at once, nor their lru_locks; those of
 * several kmem_nodes are only under kmem_caches_lock, in the order of the list
 * and of nodes (mm/report/leaks.c, mm/object/slab_check.c), and only leaks.c
 * takes all_tasks_lock and vmap_space.lock inside of them. No page is allocated
 * or freed under pgtable.lock: with debug=pagealloc both change page tables.
 *
 * Who reclaims may hold any lock that an allocator may, so it only tries those
 * that sleep: a page's, address_space.i_mmap_lock, shrinkers_lock. A walk along
 * mappings_lock's lists comes from the wrong side, and tries tree_lock.
 */
#ifndef KERNEL_LOCK_H
#define KERNEL_LOCK_H

#include <kernel/cpu/spinlock.h>

#endif
