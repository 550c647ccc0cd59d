package plan

import "container/heap"

// Queue is a set of step indexes that gives the least first. The zero value
// is empty.
type Queue struct{ h ints }

// Push adds an index.
func (q *Queue) Push(i int) { heap.Push(&q.h, i) }

// Pop removes the least index. The queue must not be empty.
func (q *Queue) Pop() int { return heap.Pop(&q.h).(int) }

// Len returns how many indexes there are.
func (q *Queue) Len() int { return len(q.h) }

type ints []int

func (h ints) Len() int           { return len(h) }
func (h ints) Less(i, j int) bool { return h[i] < h[j] }
func (h ints) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *ints) Push(x any)        { *h = append(*h, x.(int)) }
func (h *ints) Pop() any {
	last := len(*h) - 1
	x := (*h)[last]
	*h = (*h)[:last]
	return x
}
