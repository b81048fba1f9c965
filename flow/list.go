package flow

// list is a doubly linked list through one of the links of each entry.
type list struct{ head, tail uint32 }

// push appends entry i to a list through its links of the given kind.
func (t *Table[S]) push(l *list, i uint32, kind int) {
	ls := t.pool.links
	ls[i][kind] = link{prev: l.tail}
	if l.tail != 0 {
		ls[l.tail][kind].next = i
	} else {
		l.head = i
	}
	l.tail = i
}

// unlink takes entry i out of a list.
func (t *Table[S]) unlink(l *list, i uint32, kind int) {
	ls := t.pool.links
	at := ls[i][kind]
	if at.prev != 0 {
		ls[at.prev][kind].next = at.next
	} else {
		l.head = at.next
	}
	if at.next != 0 {
		ls[at.next][kind].prev = at.prev
	} else {
		l.tail = at.prev
	}
}

// toTail makes entry i the latest.
func (t *Table[S]) toTail(i uint32) {
	t.unlink(&t.lru, i, byLru)
	t.push(&t.lru, i, byLru)
}

// pushClosing enters a flow that closed at the capture clock's now into the list of those, which
// is in the order of that. What was held back may close one after a later one closed.
func (t *Table[S]) pushClosing(i uint32, now int64) {
	ls := t.pool.links
	behind := t.closing.tail
	for behind != 0 && t.pool.At(behind).CloseClock > now {
		behind = ls[behind][byClosing].prev
	}
	if behind == t.closing.tail {
		t.push(&t.closing, i, byClosing)
		return
	}
	next := t.closing.head
	if behind != 0 {
		next = ls[behind][byClosing].next
		ls[behind][byClosing].next = i
	} else {
		t.closing.head = i
	}
	ls[i][byClosing] = link{prev: behind, next: next}
	ls[next][byClosing].prev = i
}
