// Abseil's mutex keeps what it knows of a thread in memory that it maps itself; the thread
// sanitizer takes that mapping for a write that races with the thread's first wake-up. Only this is
// kept quiet. Without the sanitizer nobody calls the function.

extern "C" const char* __tsan_default_suppressions();  // NOLINT(bugprone-reserved-identifier)

extern "C" const char* __tsan_default_suppressions() {
  return "race:absl::*::synchronization_internal::Waiter::Post\n";
}
