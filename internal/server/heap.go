package server

import (
	"math"
	"runtime/debug"
)

// heapFloor is how much the collector takes to be alive beside what is.
const heapFloor = 64 << 20

// floor returns memory that is never touched, so that it takes none of the machine's, but that the garbage
// collector counts. It collects when the heap has doubled; with the few megabytes that a small installation
// keeps alive that is all the time under load, a quarter of all work (docs/performance.md). Nothing is returned
// when the operator bounds the heap with GOMEMLIMIT.
func floor() []byte {
	if debug.SetMemoryLimit(-1) != math.MaxInt64 {
		return nil
	}
	return make([]byte, heapFloor)
}
