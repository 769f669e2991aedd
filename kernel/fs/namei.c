/*
 * Names. ULK3 section 12.5, without links of either kind.
 *
 * 1. An inode has one name at most, and keeps it itself: its text, its
 *    directory, its place in it. A directory's files are on a list, by number,
 *    which ascends in the order in which they came: so who reads a directory
 *    goes on by number, whatever comes and goes meanwhile. Finding a name is a
 *    walk along the list: directories here are small.
 *
 * 2. A directory that is on the way to a file has a file in it, so it cannot
 *    be removed: a walk under names_lock needs no users of what it passes. Some
 *    directories make their names when they are asked (/proc): what they give
 *    has no other user than who asks, and is let go behind the lock, as that
 *    may sleep for pages.
 *
 * 3. All of it under one mutex, names_lock. Nothing is copied to or from a user
 *    under it, so it may be taken under mmap_sem, too (names of areas).
 */
#include <kernel/fs/internal.h>
#include <kernel/lib/bug.h>
#include <kernel/lib/string.h>
#include <mm/object/kmalloc.h>

static DEFINE_MUTEX(names_lock);
struct inode *root_inode;

#define MADE_MOST 16U	/* guessed: "self/../" some times; then -ENOENT */

/* Where a walk has come to. */
struct walk {
	const char *rest;		/* what is still to go */
	struct inode *inode;		/* NULL: there is no such */
	struct inode *dir;		/* where the last name should be */
	char name[NAME_MAX + 1];	/* the last one; "": / itself */
	bool slash;			/* one stands behind it */
	struct inode *made[MADE_MOST];	/* by lookup(): each has a user */
	u32 nr_made;
};

static struct inode *find_name(const struct inode *dir, const char *name)
{
	struct inode *inode;

	list_for_each_entry(inode, &dir->i_children, i_sibling)
		if (!strcmp(inode->i_name, name))
			return inode;
	return NULL;
}

/* The next name of the path. 0; -ENAMETOOLONG. */
static int next_name(struct walk *w)
{
	u32 n = 0;

	while (*w->rest && *w->rest != '/') {
		if (n == NAME_MAX)
			return -ENAMETOOLONG;
		w->name[n++] = *w->rest++;
	}
	w->name[n] = 0;
	w->slash = *w->rest == '/';
	while (*w->rest == '/')
		w->rest++;
	return 0;
}

static struct inode *step(struct walk *w)
{
	struct inode *inode;

	if (!strcmp(w->name, "."))
		return w->dir;
	if (!strcmp(w->name, ".."))
		return w->dir->i_parent ? w->dir->i_parent : w->dir;
	inode = find_name(w->dir, w->name);
	if (!inode && w->dir->i_dir && w->nr_made < ARRAY_SIZE(w->made)) {
		inode = w->dir->i_dir->lookup(w->dir, w->name);
		if (inode)
			w->made[w->nr_made++] = inode;
	}
	return inode;
}

/* Up to the last name, which need not be there. names_lock is held. */
static int walk(const char *path, struct walk *w)
{
	int err;

	*w = (struct walk){ .inode = root_inode, .dir = root_inode };
	if (!*path)
		return -ENOENT;
	for (w->rest = path; *w->rest == '/';)
		w->rest++;
	while (*w->rest) {
		if (!w->inode)
			return -ENOENT;
		if (!is_directory(w->inode))
			return -ENOTDIR;
		w->dir = w->inode;
		err = next_name(w);
		if (err)
			return err;
		w->inode = step(w);
	}
	if (w->inode && w->slash && !is_directory(w->inode))
		return -ENOTDIR;
	return 0;
}

static void lock_names(void)
{
	mutex_lock(&names_lock);
}

static void unlock_names(struct walk *w)
{
	mutex_unlock(&names_lock);
	while (w->nr_made)
		iput(w->made[--w->nr_made]);
}

int path_lookup(const char *path, struct inode **inode)
{
	struct walk w;
	int err;

	lock_names();
	err = walk(path, &w);
	if (!err && !w.inode)
		err = -ENOENT;
	if (!err) {
		*inode = w.inode;
		iget(*inode);
	}
	unlock_names(&w);
	return err;
}

bool path_exists(const char *path)
{
	struct inode *inode;

	if (path_lookup(path, &inode))
		return false;
	iput(inode);
	return true;
}

/* --- names come and go --- */

static int may_link(const struct walk *w, const struct inode *inode)
{
	if (w->inode)
		return -EEXIST;
	if (w->dir->i_dir)
		return -EPERM;
	return w->slash && !is_directory(inode) ? -EISDIR : 0;
}

/* By number: two that come at once may have been numbered the other way. */
static void add_child(struct inode *dir, struct inode *inode)
{
	struct list_head *at = dir->i_children.prev;

	while (at != &dir->i_children &&
	       list_entry(at, struct inode, i_sibling)->i_ino > inode->i_ino)
		at = at->prev;
	list_add(&inode->i_sibling, at);
	inode->i_parent = dir;
}

int path_link(const char *path, struct inode *inode)
{
	struct walk w;
	int err;

	lock_names();
	err = walk(path, &w);
	if (!err)
		err = may_link(&w, inode);
	if (!err) {
		inode->i_name = kstrdup(w.name, GFP_KERNEL);
		err = inode->i_name ? 0 : -ENOMEM;
	}
	if (!err) {
		iget(inode);
		inode->i_nlink = 1;
		add_child(w.dir, inode);
	}
	unlock_names(&w);
	return err;
}

static int may_unlink(const struct walk *w)
{
	if (!w->inode)
		return -ENOENT;
	if (is_directory(w->inode))
		return -EISDIR;
	return w->dir->i_dir || !w->inode->i_nlink ? -EPERM : 0;
}

static int may_rmdir(const struct walk *w)
{
	if (!w->inode)
		return -ENOENT;
	if (!is_directory(w->inode))
		return -ENOTDIR;
	if (w->inode == root_inode)
		return -EBUSY;
	if (!strcmp(w->name, "."))
		return -EINVAL;
	if (!strcmp(w->name, "..") || !list_empty(&w->inode->i_children))
		return -ENOTEMPTY;
	return w->inode->i_dir || w->dir->i_dir ? -EPERM : 0;
}

static int remove_name(const char *path, int (*may)(const struct walk *w))
{
	struct inode *gone = NULL;
	struct walk w;
	int err;

	lock_names();
	err = walk(path, &w);
	if (!err)
		err = may(&w);
	if (!err) {
		gone = w.inode;
		gone->i_nlink = 0;
		gone->i_parent = NULL;
		list_del_init(&gone->i_sibling);
	}
	unlock_names(&w);
	if (gone)
		iput(gone);
	return err;
}

int path_unlink(const char *path)
{
	return remove_name(path, may_unlink);
}

int path_rmdir(const char *path)
{
	return remove_name(path, may_rmdir);
}

/* --- looking --- */

/* Positions: 0 and 1 are "." and "..", then the numbers of inodes. */
static void list_locked(struct inode *dir, u64 pos, dir_emit_t emit, void *arg)
{
	const struct inode *parent = dir->i_parent ? dir->i_parent : dir;
	struct inode *inode;

	if (pos == 0 && !emit(arg, ".", dir->i_ino, dir->i_mode, 1))
		return;
	if (pos <= 1 && !emit(arg, "..", parent->i_ino, parent->i_mode, 2))
		return;
	list_for_each_entry(inode, &dir->i_children, i_sibling)
		if (inode->i_ino >= pos &&
		    !emit(arg, inode->i_name, inode->i_ino, inode->i_mode,
			  (u64)inode->i_ino + 1))
			return;
	if (dir->i_dir)
		dir->i_dir->list(dir, pos, emit, arg);
}

void dir_list(struct inode *dir, u64 pos, dir_emit_t emit, void *arg)
{
	lock_names();
	list_locked(dir, pos, emit, arg);
	mutex_unlock(&names_lock);
}

void inode_path(struct inode *inode, char *buf, u32 size)
{
	u32 at = size - 1, n;

	lock_names();
	buf[at] = 0;
	for (; inode->i_nlink && inode->i_parent; inode = inode->i_parent) {
		n = strlen(inode->i_name);
		if (n + 1 > at)
			break;
		at -= n;
		memcpy(buf + at, inode->i_name, n);
		buf[--at] = '/';
	}
	mutex_unlock(&names_lock);
	memmove(buf, buf + at, size - at);
}
