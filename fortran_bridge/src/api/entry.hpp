// What every entry of calcisol.h does around its work: checks of handles, exception to status, report, text and log.
#pragma once

#include <algorithm>
#include <cstring>
#include <new>
#include <string>

#include "base/host_guard.hpp"
#include "base/status.hpp"
#include "calcisol.h"
#include "columns/columns_base.hpp"

namespace calcisol {

[[noreturn]] inline void refuse(const std::string &text) { throw Failure(CALCISOL_ERROR_ARGUMENT, text); }

template <class T> T &need(T *pointer, const char *what) {
  if (!pointer)
    refuse(std::string(what) + " is NULL; pass one");
  return *pointer;
}

template <class T> void need_empty(T **handle, const char *what) {
  if (!handle)
    refuse(std::string("the pointer to the ") + what + " handle is NULL; pass the address of a handle");
  if (*handle)
    refuse(std::string("the ") + what + " handle is already in use; free it, or set it to NULL before its first use");
}

// Status of what a body does; its text in calcisol_last_error.
template <class Body> calcisol_status answered(Body body) noexcept {
  const HostGuard guard;
  try {
    body();
    return CALCISOL_OK;
  } catch (const Failure &failure) {
    set_text(failure.what());
    return failure.status;
  } catch (const std::bad_alloc &) {
    set_text("out of memory; use fewer columns per rank");
    return CALCISOL_ERROR_MEMORY;
  } catch (const std::exception &error) {
    try {
      set_text((std::string("defect of libcalcisol: ") + error.what() + "; please report it").c_str());
    } catch (...) {
    }
    return CALCISOL_ERROR_INTERNAL;
  } catch (...) {
    set_text("defect of libcalcisol: an unknown exception; please report it");
    return CALCISOL_ERROR_INTERNAL;
  }
}

// Run one entry: clears the text of this thread, keeps the host's environment, turns what is thrown into a status;
// then, in the host's environment again, tells its log function.
template <class Body> calcisol_status guarded(const Log &log, Body body) noexcept {
  set_text("");
  const calcisol_status status = answered(body);
  if (status != CALCISOL_OK)
    log.say(CALCISOL_LOG_ERROR, text());
  return status;
}

template <class Body> calcisol_status guarded(Body body) noexcept { return guarded(Log{}, body); }

// An entry on columns: their own notes are logged too.
template <class Body> calcisol_status guarded_on(calcisol_columns *columns, Body body) noexcept {
  if (columns)
    columns->notes.clear();
  const calcisol_status status = guarded(columns ? columns->log : Log{}, [&] { body(need(columns, "the columns")); });
  if (columns)
    for (const auto &[level, note] : columns->notes)
      columns->log.say(level, note.c_str());
  return status;
}

// Counts of one call. The host's report may be of an older or newer calcisol.h: it gets the fields it has.
class Counts {
public:
  explicit Counts(calcisol_report *given) : given(given) {
    constexpr std::int64_t first_size = 64; // of the first calcisol.h
    if (given && (given->struct_size < first_size || given->struct_size > 4096))
      refuse("report.struct_size is " + std::to_string(given->struct_size) + ", not " + std::to_string(sizeof *given) +
             "; set it to sizeof(calcisol_report)");
    size = given ? static_cast<std::size_t>(given->struct_size) : sizeof own;
    own.struct_size = static_cast<std::int64_t>(size);
  }
  ~Counts() {
    if (!given)
      return;
    std::memset(static_cast<void *>(given), 0, size);
    std::memcpy(static_cast<void *>(given), &own, std::min(size, sizeof own));
  }
  Counts(const Counts &) = delete;
  Counts &operator=(const Counts &) = delete;
  bool wanted() const { return given != nullptr; }
  calcisol_report own{};

private:
  calcisol_report *given;
  std::size_t size;
};

// What was found becomes the text of the call, and once for each kind a warning in the log.
inline void tell(calcisol_columns &columns, const Finding &finding) noexcept {
  set_text(finding.text.c_str());
  const unsigned kind = 1u << finding.kind;
  if (finding.kind == Finding::nothing || columns.said & kind || !columns.log.function)
    return;
  columns.said |= kind;
  try {
    columns.notes.emplace_back(CALCISOL_LOG_WARNING, finding.text);
  } catch (...) { // no memory for a warning: the step itself is done and stands
  }
}

} // namespace calcisol
