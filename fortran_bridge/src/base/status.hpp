// Failure of a call and the text of this thread: what capi.cpp turns into a status.
#pragma once

#include <stdexcept>
#include <string>

#include "calcisol.h"

namespace calcisol {

// One sentence that names the variable, its value and how to fix it, with the status it becomes.
class Failure : public std::runtime_error {
public:
  Failure(calcisol_status status, const std::string &text) : std::runtime_error(text), status(status) {}
  calcisol_status status;
};

// Text of calcisol_last_error, one per thread. Setting it never throws: a text that does not fit in memory is dropped.
void set_text(const char *text) noexcept;
const char *text() noexcept;

// Shortest decimal that still names the number: for messages.
std::string number(double value);

} // namespace calcisol
