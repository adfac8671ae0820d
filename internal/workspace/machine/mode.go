package machine

import (
	"io/fs"
	"strconv"
	"strings"
)

// modeText is a mode such as -rw-r--r--.
func modeText(m fs.FileMode) string {
	kind := map[bool]string{true: "d", false: "-"}[m.IsDir()]
	if m&fs.ModeSymlink != 0 {
		kind = "l"
	}
	return kind + m.Perm().String()[1:]
}

// octal is a mode such as 644, with the bits that run a file as somebody else.
func octal(m fs.FileMode) string {
	bits := uint64(m.Perm())
	for bit, value := range map[fs.FileMode]uint64{fs.ModeSetuid: 0o4000, fs.ModeSetgid: 0o2000, fs.ModeSticky: 0o1000} {
		if m&bit != 0 {
			bits |= value
		}
	}
	return strconv.FormatUint(bits, 8)
}

func chmod(p *process) int {
	if len(p.args) < 3 {
		return p.fail(1, "chmod: missing operand")
	}
	names := p.args[1:]
	if names[0] == "-R" {
		names = names[1:]
	}
	change, err := modeChange(names[0])
	if err != nil {
		return p.fail(1, "chmod: invalid mode: '%s'", names[0])
	}
	return p.each(names[1:], func(name string) error {
		return p.machine.mark(p.path(name), func(f File) File {
			f.Mode = f.Mode&^fs.ModePerm | change(f.Mode.Perm())
			return f
		})
	})
}

// modeChange reads a mode in digits, or one like u+x and go-w.
func modeChange(text string) (func(fs.FileMode) fs.FileMode, error) {
	if n, err := strconv.ParseUint(text, 8, 12); err == nil {
		return func(fs.FileMode) fs.FileMode { return fs.FileMode(n) & fs.ModePerm }, nil
	}
	at := strings.IndexAny(text, "+-=")
	if at < 0 {
		return nil, fs.ErrInvalid
	}
	var bits fs.FileMode
	for _, letter := range text[at+1:] {
		bits |= map[rune]fs.FileMode{'r': 4, 'w': 2, 'x': 1}[letter]
	}
	var all fs.FileMode
	who := text[:at]
	if who == "" {
		who = "a"
	}
	for letter, shift := range map[string]int{"u": 6, "g": 3, "o": 0} {
		if strings.Contains(who, letter) || strings.Contains(who, "a") {
			all |= bits << shift
		}
	}
	if text[at] == '-' {
		return func(m fs.FileMode) fs.FileMode { return m &^ all }, nil
	}
	return func(m fs.FileMode) fs.FileMode { return m | all }, nil
}

func chown(p *process) int {
	given, names := p.options("")
	_ = given
	if len(names) < 2 {
		return p.fail(1, "%s: missing operand", p.name())
	}
	owner, group, both := strings.Cut(names[0], ":")
	if p.name() == "chgrp" {
		owner, group, both = "", names[0], true
	}
	return p.each(names[1:], func(name string) error {
		return p.machine.mark(p.path(name), func(f File) File {
			if owner != "" {
				f.Owner = owner
			}
			if both && group != "" {
				f.Group = group
			}
			return f
		})
	})
}
