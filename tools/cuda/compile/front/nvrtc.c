// nvrtc turns CUDA C++ on standard input into PTX on standard output.
//
//   nvrtc LIBRARY NAME [HEADER-FILE...] -- [OPTION...]
//
// LIBRARY is a path of libnvrtc, opened at run time so that neither CUDA headers nor a CUDA linker flag are needed here.
// NAME is the name of the source in messages and line tables. Headers are handed over as text under their base names, so
// that no path of the machine reaches the PTX. Options go to the compiler as they are. Exit status: 0, or 1 after a message.
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef void *program;

static void *library;

static void die(const char *what, const char *why) {
	fprintf(stderr, "nvrtc: %s: %s\n", what, why);
	exit(1);
}

static void *entry(const char *name) {
	void *f = dlsym(library, name);
	if (!f) die("entry point missing", dlerror());
	return f;
}

// slurp reads a file to its end and terminates it with a zero byte.
static char *slurp(FILE *f, const char *name) {
	size_t used = 0, room = 1 << 16;
	char *text = malloc(room);
	if (!f) die("cannot read", name);
	while (text) {
		used += fread(text + used, 1, room - used - 1, f);
		if (used < room - 1) break;
		text = realloc(text, room *= 2);
	}
	if (!text || ferror(f)) die("cannot read", name);
	text[used] = 0;
	return text;
}

int main(int argc, char **argv) {
	if (argc < 4) die("usage", "nvrtc LIBRARY NAME [HEADER-FILE...] -- [OPTION...]");
	if (!(library = dlopen(argv[1], RTLD_NOW))) die("cannot open the compiler", dlerror());
	int (*create)(program *, const char *, const char *, int, const char **, const char **) = entry("nvrtcCreateProgram");
	int (*compile)(program, int, const char **) = entry("nvrtcCompileProgram");
	int (*log_size)(program, size_t *) = entry("nvrtcGetProgramLogSize");
	int (*get_log)(program, char *) = entry("nvrtcGetProgramLog");
	int (*ptx_size)(program, size_t *) = entry("nvrtcGetPTXSize");
	int (*get_ptx)(program, char *) = entry("nvrtcGetPTX");

	const char *texts[256], *names[256];
	int headers = 0, arg = 3;
	for (; arg < argc && strcmp(argv[arg], "--"); arg++) {
		if (headers == 256) die("too many headers", argv[arg]);
		const char *slash = strrchr(argv[arg], '/');
		texts[headers] = slurp(fopen(argv[arg], "rb"), argv[arg]);
		names[headers++] = slash ? slash + 1 : argv[arg];
	}
	arg += arg < argc;

	program p;
	size_t size = 0;
	if (create(&p, slurp(stdin, "standard input"), argv[2], headers, texts, names)) die(argv[2], "cannot create the program");
	int failed = compile(p, argc - arg, (const char **)argv + arg);
	if (!log_size(p, &size) && size > 1) {
		char *log = calloc(size, 1);
		get_log(p, log);
		fprintf(stderr, "%s\n", log);
	}
	if (failed) die(argv[2], "compilation failed");
	if (ptx_size(p, &size)) die(argv[2], "no PTX came back");
	char *ptx = calloc(size, 1);
	get_ptx(p, ptx);
	return fwrite(ptx, 1, size - 1, stdout) == size - 1 ? 0 : 1;
}
