package cpu

import (
	"bufio"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// mapPages takes zeroed pages from the system and asks for huge ones: panels of weights are read front to back, and fewer
// entries of the page table then miss. Stretches of whole huge pages are laid at the boundary of one. It returns nil if the
// system refuses; the caller takes Go's heap instead.
func mapPages(n int) []byte {
	pages, err := unix.Mmap(-1, 0, n, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return nil
	}
	_ = unix.Madvise(pages, unix.MADV_HUGEPAGE) // a hint: without it the pages are small, nothing else
	return pages
}

func unmapPages(pages []byte) {
	if err := unix.Munmap(pages); err != nil {
		panic("cpu: free: " + err.Error()) // only pages from mapPages come here
	}
}

// systemMemory is the memory of the machine, and the part of it that is available, in bytes. A limit of the control group
// (version 2), as containers have, lowers both.
func systemMemory() (total, free int64) {
	info := fields("/proc/meminfo")
	total, free = info["MemTotal:"]*1024, info["MemAvailable:"]*1024
	limit, ok := number("/sys/fs/cgroup/memory.max")
	if !ok {
		return total, free
	}
	used, _ := number("/sys/fs/cgroup/memory.current")
	cache := fields("/sys/fs/cgroup/memory.stat")["inactive_file"]
	return min(total, limit), min(free, max(0, limit-used+cache))
}

// modelName is the processor's name as its maker gives it.
func modelName() string {
	return scan("/proc/cpuinfo", func(line string) (string, bool) {
		key, value, _ := strings.Cut(line, ":")
		return strings.TrimSpace(value), strings.TrimSpace(key) == "model name"
	})
}

// scan returns the first answer that pick gives for a line of a file; "" if there is none.
func scan(path string, pick func(line string) (string, bool)) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if answer, ok := pick(s.Text()); ok {
			return answer
		}
	}
	return ""
}

// fields reads lines of a name and a number; it is empty if there is no such file.
func fields(path string) map[string]int64 {
	values := map[string]int64{}
	scan(path, func(line string) (string, bool) {
		if words := strings.Fields(line); len(words) >= 2 {
			values[words[0]], _ = strconv.ParseInt(words[1], 10, 64)
		}
		return "", false
	})
	return values
}

// number reads a file that holds one number. A control group without a limit says "max", which is none.
func number(path string) (int64, bool) {
	text := scan(path, func(line string) (string, bool) { return strings.TrimSpace(line), true })
	n, err := strconv.ParseInt(text, 10, 64)
	return n, err == nil
}
