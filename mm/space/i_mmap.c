/*
 * The areas that show a file: on the list i_mmap of its address_space. Each is
 * put behind all others: see section 3 of rmap_file.c.
 *
 * Lock: i_mmap_lock, inside of mmap_sem and of page locks.
 */
#include <mm/cache/pagemap.h>
#include <mm/space/internal.h>

void lock_mapping(struct vm_area_struct *vma)
{
	if (vma->vm_mapping)
		mutex_lock(&vma->vm_mapping->i_mmap_lock);
}

void unlock_mapping(struct vm_area_struct *vma)
{
	if (vma->vm_mapping)
		mutex_unlock(&vma->vm_mapping->i_mmap_lock);
}

void mapping_link_locked(struct vm_area_struct *vma)
{
	if (vma->vm_mapping && list_empty(&vma->shared))
		list_add_tail(&vma->shared, &vma->vm_mapping->i_mmap);
}

void mapping_unlink_locked(struct vm_area_struct *vma)
{
	list_del_init(&vma->shared);
}

void mapping_link(struct vm_area_struct *vma)
{
	if (!vma->vm_mapping || !list_empty(&vma->shared))
		return;
	lock_mapping(vma);
	mapping_link_locked(vma);
	unlock_mapping(vma);
}

void mapping_unlink(struct vm_area_struct *vma)
{
	if (list_empty(&vma->shared))
		return;
	lock_mapping(vma);
	mapping_unlink_locked(vma);
	unlock_mapping(vma);
}
