package machine

import (
	"io/fs"
	"path"
	"strconv"
	"strings"
	"time"
)

// each runs something for every operand, and complains about those for which it fails.
func (p *process) each(names []string, do func(name string) error) int {
	if len(names) == 0 {
		return p.fail(1, "%s: missing operand", p.name())
	}
	code := 0
	for _, name := range names {
		if err := do(name); err != nil {
			code = p.fail(1, "%s: cannot access '%s': %s", p.name(), name, reason(err))
		}
	}
	return code
}

func ls(p *process) int {
	given, names := p.options("")
	if len(names) == 0 {
		names = []string{"."}
	}
	_, long := given["l"]
	_, itself := given["d"]
	_, hidden := given["a"]
	code := p.each(names, func(name string) error {
		f, real, err := p.machine.find(p.path(name), !long)
		if err != nil {
			return err
		}
		if !f.Mode.IsDir() || itself {
			p.listed(name, f, long)
			return nil
		}
		inner, err := p.machine.list(real)
		for _, one := range inner {
			if f, _, err := p.machine.find(path.Join(real, one), false); err == nil && (hidden || !strings.HasPrefix(one, ".")) {
				p.listed(one, f, long)
			}
		}
		return err
	})
	return 2 * code
}

func (p *process) listed(name string, f File, long bool) {
	if !long {
		p.printf("%s\n", name)
		return
	}
	if f.Mode&fs.ModeSymlink != 0 {
		name += " -> " + f.Target
	}
	p.printf("%s 1 %s %s %d %s %s\n", modeText(f.Mode), f.Owner, f.Group, len(f.Content), f.Changed.UTC().Format("Jan _2 15:04"), name)
}

// described fills a format of stat or, with other letters, of find.
func (p *process) described(format, name string, f File, letters map[byte]string) string {
	format = strings.NewReplacer(`\n`, "\n", `\t`, "\t", `\0`, "\x00", `\\`, `\`).Replace(format)
	var b strings.Builder
	for i := 0; i < len(format); i++ {
		if format[i] != '%' || i+1 == len(format) {
			b.WriteByte(format[i])
			continue
		}
		i++
		value, ok := letters[format[i]]
		if !ok && format[i] == '%' {
			value = "%"
		}
		b.WriteString(value)
	}
	return b.String()
}

func kindOf(m fs.FileMode) string {
	switch {
	case m.IsDir():
		return "directory"
	case m&fs.ModeSymlink != 0:
		return "symbolic link"
	}
	return "regular file"
}

func userID(name string) string {
	if name == "root" {
		return "0"
	}
	return "33"
}

func seconds(t time.Time) string {
	if t.IsZero() {
		return "0"
	}
	return strconv.FormatInt(t.Unix(), 10)
}

func statProgram(p *process) int {
	given, names := p.options("c")
	format, ok := given["c"]
	if !ok {
		format, ok = given["format"]
	}
	if printf, yes := given["printf"]; yes {
		format, ok = printf, true
	}
	_, follow := given["L"]
	return p.each(names, func(name string) error {
		f, _, err := p.machine.find(p.path(name), follow)
		if err != nil {
			return err
		}
		if !ok {
			format = "  File: %n\n  Size: %s\t%F\nAccess: (%a/%A)  Uid: %U   Gid: %G\nModify: %y"
		}
		shown := p.described(format, name, f, map[byte]string{'n': name, 's': strconv.Itoa(len(f.Content)), 'a': octal(f.Mode), 'A': modeText(f.Mode),
			'U': f.Owner, 'G': f.Group, 'u': userID(f.Owner), 'g': userID(f.Group), 'F': kindOf(f.Mode), 'Y': seconds(f.Changed),
			'y': f.Changed.UTC().Format("2006-01-02 15:04:05.000000000 -0700"), 'N': "'" + name + "'"})
		_, plain := given["printf"]
		p.printf("%s%s", shown, map[bool]string{true: "", false: "\n"}[plain])
		return nil
	})
}
