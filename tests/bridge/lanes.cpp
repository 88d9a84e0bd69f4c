// Prints, for each function of lanes.hpp and dense.hpp, its largest error in units in the last place against long double,
// and a hash of all answers: the same under every instruction set with fused multiply-add.
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "native/dense.hpp"

namespace {

std::uint64_t hash = 14695981039346656037ull;
void mix(const void *bytes, int size) {
  for (int i = 0; i < size; ++i)
    hash = (hash ^ static_cast<const unsigned char *>(bytes)[i]) * 1099511628211ull;
}

template <class Lanes, class Exact> void check(const char *name, const std::vector<double> &xs, Lanes lanes_of, Exact exact) {
  double worst = 0.0;
  long wrong = 0;
  for (std::size_t i = 0; i < xs.size(); i += 8) {
    double in[8], out[8];
    for (int k = 0; k < 8; ++k)
      in[k] = xs[(i + k) % xs.size()];
    for (int k = 0; k < 8; k += lanes::N)
      lanes::store(out + k, lanes_of(lanes::load(in + k)));
    mix(out, sizeof out);
    for (int k = 0; k < 8; ++k) {
      const long double want = exact(static_cast<long double>(in[k]));
      const double nearest = static_cast<double>(want);
      if (std::isnan(nearest) || std::isinf(nearest) || nearest == 0.0) {
        wrong += std::isnan(nearest) ? !std::isnan(out[k]) : out[k] != nearest;
        continue;
      }
      const double unit = std::nextafter(std::fabs(nearest), std::numeric_limits<double>::infinity()) - std::fabs(nearest);
      worst = std::fmax(worst, static_cast<double>(std::fabs((static_cast<long double>(out[k]) - want) / unit)));
    }
  }
  std::printf("%s %.3f %ld\n", name, worst, wrong);
}

// The same of float32 lanes, in units of float32.
template <class Lanes, class Exact> void check_single(const char *name, const std::vector<double> &xs, Lanes lanes_of, Exact exact) {
  double worst = 0.0;
  for (std::size_t i = 0; i < xs.size(); i += 16) {
    float in[16], out[16];
    for (int k = 0; k < 16; ++k)
      in[k] = static_cast<float>(xs[(i + k) % xs.size()]);
    for (int k = 0; k < 16; k += lanes::WIDE)
      lanes::store(out + k, lanes_of(lanes::load_w(in + k)));
    mix(out, sizeof out);
    for (int k = 0; k < 16; ++k) {
      const long double want = exact(static_cast<long double>(in[k]));
      const float nearest = static_cast<float>(want);
      const float unit = std::nextafter(std::fabs(nearest), std::numeric_limits<float>::infinity()) - std::fabs(nearest);
      worst = std::fmax(worst, static_cast<double>(std::fabs((static_cast<long double>(out[k]) - want) / unit)));
    }
  }
  std::printf("%s %.3f 0\n", name, worst);
}

} // namespace

int main() {
  using namespace lanes;
  std::mt19937_64 random(1);
  const double inf = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<double> special = {0.0, -0.0, 1.0, -1.0, inf, -inf, nan, 5e-324, 2.2250738585072014e-308, 1.7e308,
                                       -745.2, 709.7, 709.8, -708.4, 1.0 + 1e-16, 1.0 - 1e-16};
  const auto draw = [&](double low, double high, bool positive) {
    std::vector<double> xs = special;
    std::uniform_real_distribution<double> even(low, high), power(-300.0, 300.0);
    for (int i = 0; i < 200000; ++i)
      xs.push_back(even(random));
    for (int i = 0; positive && i < 200000; ++i)
      xs.push_back(std::pow(10.0, power(random)));
    return xs;
  };
  check("exp", draw(-750.0, 715.0, false), [](V x) { return exp(x); }, [](long double x) { return std::exp(x); });
  check("exp_small", draw(-1e-3, 1e-3, false), [](V x) { return exp(x); }, [](long double x) { return std::exp(x); });
  check("log", draw(0.0, 4.0, true), [](V x) { return log(x); }, [](long double x) { return std::log(x); });
  check("log10", draw(0.0, 4.0, true), [](V x) { return log10(x); }, [](long double x) { return std::log10(x); });
  check("pow", draw(0.0, 4.0, true), [](V x) { return pow(x, 10.0 / 3.0); },
        [](long double x) { return std::pow(x, static_cast<long double>(10.0 / 3.0)); });
  check("log1p", draw(-0.99, 4.0, true), [](V x) { return log1p(x); }, [](long double x) { return std::log1p(x); });
  check("asinh", draw(-4.0, 4.0, true), [](V x) { return asinh(x); }, [](long double x) { return std::asinh(x); });
  check("sigmoid", draw(-600.0, 600.0, false), [](V x) { return sigmoid(x); },
        [](long double x) { return 1.0L / (1.0L + std::exp(-x)); });
  check("sqrt", draw(0.0, 4.0, true), [](V x) { return lanes::sqrt(x); }, [](long double x) { return std::sqrt(x); });

  const auto spread = [&](double low, double high) { // evenly in the logarithm
    std::vector<double> xs;
    std::uniform_real_distribution<double> power(std::log(low), std::log(high));
    for (int i = 0; i < 200000; ++i)
      xs.push_back(std::exp(power(random)));
    return xs;
  };
  std::vector<double> around;
  for (double x : spread(1e-6, 86.0))
    around.insert(around.end(), {x, -x});
  check_single("exp_single", around, [](W x) { return exp(x); }, [](long double x) { return std::exp(x); });
  check_single("log_single", spread(1e-37, 1e37), [](W x) { return log(x); }, [](long double x) { return std::log(x); });
  check_single("log_near_1", spread(0.5, 2.0), [](W x) { return log(x); }, [](long double x) { return std::log(x); });
  check_single("pow_single", spread(0.01, 10.0), [](W x) { return pow(x, 2.0 / 3.0); },
               [](long double x) { return std::pow(x, static_cast<long double>(static_cast<float>(2.0 / 3.0))); });
  check_single("tanh_single", around, [](W x) { return tanh(x); }, [](long double x) { return std::tanh(x); });
  check_single("sqrt_single", spread(1e-37, 1e37), [](W x) { return lanes::sqrt(x); }, [](long double x) { return std::sqrt(x); });

  // a matrix product with SiLU, 40 cells: against long double, in float32 units of the largest term
  constexpr int inputs = 24, outputs = 13, cells = 48;
  std::vector<float> x(inputs * cells), w(inputs * outputs), b(outputs), y(outputs * cells);
  std::normal_distribution<float> normal;
  for (auto *v : {&x, &w, &b})
    for (float &value : *v)
      value = normal(random);
  dense<inputs, true>(x.data(), w.data(), b.data(), y.data(), cells, outputs, cells);
  double worst = 0.0;
  for (int m = 0; m < outputs; ++m)
    for (int c = 0; c < cells; ++c) {
      long double sum = b[m], size = std::fabs(b[m]);
      for (int k = 0; k < inputs; ++k) {
        sum += static_cast<long double>(w[m * inputs + k]) * x[k * cells + c];
        size += std::fabs(w[m * inputs + k] * x[k * cells + c]);
      }
      const long double want = sum / (1.0L + std::exp(-sum));
      worst = std::fmax(worst, static_cast<double>(std::fabs(y[m * cells + c] - want) / (size * 0x1p-24L)));
    }
  mix(y.data(), static_cast<int>(y.size() * sizeof(float)));
  std::printf("dense %.3f 0\n", worst);
  std::printf("hash %llx %d\n", static_cast<unsigned long long>(hash), N);
}
