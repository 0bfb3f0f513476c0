/* Loaded into an emulated program by cross/emulate: starts programs of the same machine through qemu, too.
 *
 * Takes the place of the C library's functions by which Rust's std::process starts programs: posix_spawnp and execvp.
 * A name without '/' is one of the host's (the search is by PATH), and is left alone; so is what is not of this machine.
 * What these programs start in turn is left alone. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <elf.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef __aarch64__
#define THIS_MACHINE EM_AARCH64
#else
#define THIS_MACHINE EM_ARM
#endif
#define WORDS 8

static char words[4096];         /* of PICAM_EMULATE, the command that emulates */
static char *command[WORDS + 1];

/* The program itself sees the environment that it was given, and so do those that it starts. */
__attribute__((constructor)) static void start(void) {
    const char *given = getenv("PICAM_EMULATE");
    if (!given || strlen(given) >= sizeof words) return;
    strcpy(words, given);
    int count = 0;
    for (char *word = strtok(words, " "); word && count < WORDS; word = strtok(NULL, " ")) command[count++] = word;
    unsetenv("PICAM_EMULATE");
    unsetenv("LD_PRELOAD");
}

static int is_of_this_machine(const char *path) {
    Elf32_Ehdr header; /* begins as a 64-bit one */
    FILE *file = strchr(path, '/') ? fopen(path, "re") : NULL;
    if (!file) return 0;
    size_t got = fread(&header, sizeof header, 1, file);
    fclose(file);
    return got == 1 && !memcmp(header.e_ident, ELFMAG, SELFMAG) && header.e_machine == THIS_MACHINE;
}

/* command..., -0 argv[0], path, argv[1]...: to be freed. NULL: not to be emulated. */
static char **emulated(const char *path, char *const argv[]) {
    if (!command[0] || !is_of_this_machine(path)) return NULL;
    size_t given = 0, count = 0;
    while (argv[given]) given++;
    char **all = calloc(given + WORDS + 4, sizeof *all);
    if (!all) return NULL;
    while (command[count]) all[count] = command[count], count++;
    all[count++] = "-0";
    all[count++] = argv[0];
    all[count++] = (char *)path;
    for (size_t i = 1; i < given; i++) all[count++] = argv[i];
    return all;
}

int posix_spawnp(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attr,
                 char *const argv[], char *const env[]) {
    int (*real)(pid_t *, const char *, const posix_spawn_file_actions_t *, const posix_spawnattr_t *, char *const[],
                char *const[]) = dlsym(RTLD_NEXT, "posix_spawnp");
    char **all = emulated(file, argv);
    if (!all) return real(pid, file, actions, attr, argv, env);
    int error = real(pid, all[0], actions, attr, all, env);
    free(all);
    return error;
}

int execvp(const char *file, char *const argv[]) {
    int (*real)(const char *, char *const[]) = dlsym(RTLD_NEXT, "execvp");
    char **all = emulated(file, argv);
    if (!all) return real(file, argv);
    return execv(all[0], all);
}
