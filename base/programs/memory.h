// How the process treats memory that it frees.

#ifndef BASE_PROGRAMS_MEMORY_H_
#define BASE_PROGRAMS_MEMORY_H_

namespace vitrine {

// From here on, freed memory stays with the process for its next allocations. By default glibc
// gives large blocks back at once and gets them anew, page by page and each page cleared: a
// training step then spends a tenth of its time on page faults. For programs that allocate the same
// blocks over and over; the process keeps its peak to its end.
void KeepFreedMemory();

}  // namespace vitrine

#endif  // BASE_PROGRAMS_MEMORY_H_
