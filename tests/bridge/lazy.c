/* When torch comes in: not with the library, but with the first bundle.
 * Use: lazy BUNDLE EXPECTED; EXPECTED is the status of open. Prints the text of a failed open. Linux. */
#include <calcisol.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int torch_is_here(void) {
  char line[4096];
  int found = 0;
  FILE *maps = fopen("/proc/self/maps", "r");
  if (!maps) exit(255);
  while (fgets(line, sizeof line, maps)) found = found || strstr(line, "libtorch") != NULL;
  fclose(maps);
  return found;
}

int main(int argc, char **argv) {
  calcisol_options options;
  calcisol_model *model = NULL;
  calcisol_variable_info info;
  int32_t devices;
  if (argc != 3) return 255;
  /* all a host does that does not use its soil chemistry in this run, or on this rank */
  if (calcisol_abi_version() != CALCISOL_ABI_VERSION || calcisol_variable_count(CALCISOL_ROLE_FORCING) != CALCISOL_N_FORCING) return 1;
  if (calcisol_options_init(&options, sizeof options) || calcisol_device_count(&devices)) return 2;
  if (calcisol_variable_get(CALCISOL_ROLE_OUTPUT, 0, &info) || strcmp(calcisol_status_string(CALCISOL_ERROR_TORCH), "torch")) return 3;
  calcisol_close(&model);
  if (torch_is_here()) return puts("torch was loaded before any bundle"), 4;
  for (int i = 0; i < 2; ++i) { /* a failure is not remembered: it is told again */
    const calcisol_status status = calcisol_open(argv[1], &options, &model);
    if (status) puts(calcisol_last_error());
    if (status != atoi(argv[2])) return 5;
    calcisol_close(&model);
  }
  return torch_is_here() == (atoi(argv[2]) == CALCISOL_OK) ? 0 : 6;
}
