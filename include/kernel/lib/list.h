/*
 * Circular doubly linked lists whose links stand inside the elements. Pure; any
 * context; the caller holds whatever lock guards the list.
 *
 * An element that is on no list has undefined links after list_del(), and an
 * empty list of its own after list_del_init().
 */
#ifndef KERNEL_LIB_LIST_H
#define KERNEL_LIB_LIST_H

#include <kernel/lib/compiler.h>

struct list_head {
	struct list_head *next, *prev;
};

#define LIST_HEAD_INIT(name) { &(name), &(name) }
#define LIST_HEAD(name) struct list_head name = LIST_HEAD_INIT(name)

static inline void INIT_LIST_HEAD(struct list_head *list)
{
	list->next = list;
	list->prev = list;
}

static inline void list_insert_between(struct list_head *item,
				       struct list_head *prev,
				       struct list_head *next)
{
	next->prev = item;
	item->next = next;
	item->prev = prev;
	prev->next = item;
}

/* At the front: the next to be taken from there (a stack). */
static inline void list_add(struct list_head *item, struct list_head *head)
{
	list_insert_between(item, head, head->next);
}

/* At the end (a queue). */
static inline void list_add_tail(struct list_head *item,
				 struct list_head *head)
{
	list_insert_between(item, head->prev, head);
}

static inline void list_del(struct list_head *item)
{
	/* read before anything is written: that could change them */
	struct list_head *next = item->next, *prev = item->prev;

	next->prev = prev;
	prev->next = next;
}

static inline void list_del_init(struct list_head *item)
{
	list_del(item);
	INIT_LIST_HEAD(item);
}

static inline bool list_empty(const struct list_head *head)
{
	return head->next == head;
}

/* All of a list to another head, whatever that was; the first is empty then. */
static inline void list_move_all(struct list_head *from, struct list_head *to)
{
	INIT_LIST_HEAD(to);
	if (list_empty(from))
		return;
	*to = *from;
	to->next->prev = to;
	to->prev->next = to;
	INIT_LIST_HEAD(from);
}

#define list_entry(ptr, type, member) container_of(ptr, type, member)

/* The list must not be empty. */
#define list_first_entry(head, type, member) \
	list_entry((head)->next, type, member)

#define list_for_each_entry(pos, head, member)				\
	for ((pos) = list_entry((head)->next, __typeof__(*(pos)), member); \
	     &(pos)->member != (head);					\
	     (pos) = list_entry((pos)->member.next, __typeof__(*(pos)),	\
				member))

/* pos may be taken off the list in the body. */
#define list_for_each_entry_safe(pos, n, head, member)			\
	for ((pos) = list_entry((head)->next, __typeof__(*(pos)), member), \
	     (n) = list_entry((pos)->member.next, __typeof__(*(pos)),	\
			      member);					\
	     &(pos)->member != (head);					\
	     (pos) = (n),						\
	     (n) = list_entry((n)->member.next, __typeof__(*(n)), member))

#endif
