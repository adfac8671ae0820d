package machine

import (
	"io/fs"
	"path"
	"slices"
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

// search is what find looks for, and what it does with what it has found.
type search struct {
	tests  []func(name string, f File) bool
	depth  int
	action func(name string, f File)
	found  []string
	exec   []string
	many   bool
}

// find knows -type, -name, -iname, -path, -maxdepth, -perm, -not, -print, -print0, -printf and -exec.
func find(p *process) int {
	args := p.args[1:]
	var places []string
	for len(args) > 0 && !strings.HasPrefix(args[0], "-") && args[0] != "!" && args[0] != "(" {
		places, args = append(places, args[0]), args[1:]
	}
	if len(places) == 0 {
		places = []string{"."}
	}
	s := &search{depth: 1 << 20}
	s.action = func(name string, _ File) { p.printf("%s\n", name) }
	if bad := p.conditions(s, args); bad != "" {
		return p.fail(1, "find: unknown predicate '%s'", bad)
	}
	code := p.each(places, func(place string) error {
		f, real, err := p.machine.find(p.path(place), strings.HasSuffix(place, "/"))
		if err != nil {
			return err
		}
		p.walk(s, place, real, f, 0)
		return nil
	})
	switch {
	case len(s.exec) == 0:
	case s.many && len(s.found) > 0:
		return max(code, p.another(append(slices.Clone(s.exec), s.found...)))
	case !s.many:
		for _, name := range s.found {
			command := slices.Clone(s.exec)
			for n := range command {
				command[n] = strings.ReplaceAll(command[n], "{}", name)
			}
			p.another(command)
		}
	}
	return code
}

func (p *process) walk(s *search, name, real string, f File, depth int) {
	if !slices.ContainsFunc(s.tests, func(test func(string, File) bool) bool { return !test(name, f) }) {
		s.action(name, f)
	}
	if !f.Mode.IsDir() || depth >= s.depth || p.ctx.Err() != nil {
		return
	}
	inner, _ := p.machine.list(real)
	for _, one := range inner {
		if f, at, err := p.machine.find(path.Join(real, one), false); err == nil {
			p.walk(s, strings.TrimSuffix(name, "/")+"/"+one, at, f, depth+1)
		}
	}
}

// conditions reads the words behind the places, and returns the first that it does not know.
func (p *process) conditions(s *search, args []string) string {
	not := false
	add := func(test func(string, File) bool) {
		negated := not
		not = false
		s.tests = append(s.tests, func(name string, f File) bool { return test(name, f) != negated })
	}
	for len(args) > 0 {
		word, value := args[0], ""
		if len(args) > 1 {
			value = args[1]
		}
		used := 2
		switch word {
		case "!", "-not":
			not, used = true, 1
		case "-type":
			add(func(_ string, f File) bool {
				return kindOf(f.Mode) == map[string]string{"f": "regular file", "d": "directory", "l": "symbolic link"}[value]
			})
		case "-name", "-iname":
			add(func(name string, _ File) bool {
				ok, _ := path.Match(value, path.Base(name))
				return ok
			})
		case "-path", "-wholename":
			add(func(name string, _ File) bool { return like(value, name) })
		case "-maxdepth":
			s.depth, _ = strconv.Atoi(value)
		case "-mindepth", "-newer", "-mtime", "-size", "-user":
		case "-perm":
			add(func(_ string, f File) bool { return octal(f.Mode) == strings.TrimLeft(value, "-/0") })
		case "-xdev", "-a", "-print", "-mount":
			used = 1
		case "-print0":
			s.action = func(name string, _ File) { p.printf("%s\x00", name) }
			used = 1
		case "-printf":
			s.action = func(name string, f File) {
				p.printf("%s", p.described(value, name, f, map[byte]string{'p': name, 'f': path.Base(name), 'm': octal(f.Mode), 'M': modeText(f.Mode),
					'u': f.Owner, 'g': f.Group, 's': strconv.Itoa(len(f.Content)), 'l': f.Target, 'y': kindOf(f.Mode)[:1], 'h': path.Dir(name), 'T': seconds(f.Changed)}))
			}
		case "-exec":
			used = p.executed(s, args)
		default:
			return word
		}
		args = args[min(used, len(args)):]
	}
	return ""
}

// executed reads -exec up to its end, and returns how many words that was.
func (p *process) executed(s *search, args []string) int {
	end := slices.IndexFunc(args, func(a string) bool { return a == ";" || a == "+" })
	if end < 0 {
		return len(args)
	}
	s.many = args[end] == "+"
	s.exec = slices.Clone(args[1:end])
	if s.many {
		s.exec = slices.DeleteFunc(s.exec, func(a string) bool { return a == "{}" })
	}
	s.action = func(name string, _ File) { s.found = append(s.found, name) }
	return end + 1
}

// like matches a pattern in which a star stands for slashes, too.
func like(pattern, name string) bool {
	before, after, more := strings.Cut(pattern, "*")
	if !more {
		return pattern == name
	}
	rest, ok := strings.CutPrefix(name, before)
	if !ok {
		return false
	}
	for n := range len(rest) + 1 {
		if like(after, rest[n:]) {
			return true
		}
	}
	return false
}

func readlink(p *process) int {
	given, names := p.options("")
	_, whole := given["f"]
	return p.each(names, func(name string) error {
		f, real, err := p.machine.find(p.path(name), whole || p.name() == "realpath")
		switch {
		case err != nil:
			return err
		case whole, p.name() == "realpath":
			p.printf("%s\n", real)
		case f.Mode&fs.ModeSymlink == 0:
			return failed("readlink", name, fs.ErrInvalid)
		default:
			p.printf("%s\n", f.Target)
		}
		return nil
	})
}

func mkdir(p *process) int {
	given, names := p.options("m")
	_, parents := given["p"]
	return p.each(names, func(name string) error {
		full := p.path(name)
		if parents {
			p.machine.with(func() {
				if _, ok := p.machine.disk.files[p.machine.resolve(full, true)]; !ok {
					p.machine.disk.put(p.machine.resolve(full, true), folder())
				}
			})
			return nil
		}
		return p.machine.add(full, folder())
	})
}

func folder() File { return File{Mode: fs.ModeDir | 0o755, Owner: "root", Group: "root"} }

func touch(p *process) int {
	_, names := p.options("dtr")
	return p.each(names, func(name string) error {
		return p.machine.write(p.path(name), func(f File) File { return f })
	})
}

func rm(p *process) int {
	given, names := p.options("")
	_, all := given["r"]
	_, also := given["R"]
	_, forced := given["f"]
	if forced && len(names) == 0 {
		return 0
	}
	return p.each(names, func(name string) error {
		if p.name() == "rmdir" {
			if inner, err := p.machine.list(p.path(name)); err != nil || len(inner) > 0 {
				return failed("rmdir", name, errNotEmpty)
			}
			all = true
		}
		err := p.machine.remove(p.path(name), all || also)
		if forced {
			if _, _, missing := p.machine.find(p.path(name), false); missing != nil {
				return nil
			}
		}
		return err
	})
}

// landing is where a copy goes: into a directory under its own name, or to the name that is given.
func (p *process) landing(source, target string) string {
	full := p.path(target)
	if f, _, err := p.machine.find(full, true); err == nil && f.Mode.IsDir() {
		return path.Join(full, path.Base(source))
	}
	return full
}

func cp(p *process) int {
	given, names := p.options("mog")
	if len(names) < 2 {
		return p.fail(1, "%s: missing file operand", p.name())
	}
	target := names[len(names)-1]
	_, keep := given["p"]
	_, archive := given["a"]
	return p.each(names[:len(names)-1], func(name string) error {
		f, _, err := p.machine.find(p.path(name), true)
		if err != nil {
			return err
		}
		if f.Mode.IsDir() {
			return p.copyTree(p.path(name), p.landing(name, target))
		}
		return p.machine.write(p.landing(name, target), func(was File) File {
			if keep || archive || was.Owner == "" {
				return f
			}
			was.Content, was.Mode = f.Content, f.Mode
			if mode, err := strconv.ParseUint(given["m"], 8, 12); err == nil {
				was.Mode = fs.FileMode(mode)
			}
			return was
		})
	})
}

func (p *process) copyTree(from, to string) error {
	p.machine.with(func() {
		for name, f := range p.machine.disk.Clone().files {
			if rest, ok := strings.CutPrefix(name, from); ok && (rest == "" || rest[0] == '/') {
				p.machine.disk.put(to+rest, f)
			}
		}
	})
	return nil
}

func mv(p *process) int {
	_, names := p.options("")
	if len(names) < 2 {
		return p.fail(1, "mv: missing file operand")
	}
	target := names[len(names)-1]
	return p.each(names[:len(names)-1], func(name string) error {
		f, _, err := p.machine.find(p.path(name), false)
		if err != nil {
			return err
		}
		to := p.landing(name, target)
		if f.Mode.IsDir() {
			err = p.copyTree(p.path(name), to)
		} else {
			err = p.machine.write(to, func(File) File { return f })
		}
		if err != nil || to == p.path(name) {
			return err
		}
		return p.machine.remove(p.path(name), true)
	})
}

func ln(p *process) int {
	given, names := p.options("")
	if len(names) != 2 {
		return p.fail(1, "ln: missing file operand")
	}
	to := p.landing(names[0], names[1])
	if _, ok := given["f"]; ok {
		_ = p.machine.remove(to, false)
	}
	if _, ok := given["s"]; ok {
		return p.each(names[:1], func(string) error {
			return p.machine.add(to, File{Mode: fs.ModeSymlink | 0o777, Owner: "root", Group: "root", Target: names[0]})
		})
	}
	return p.each(names[:1], func(string) error {
		f, _, err := p.machine.find(p.path(names[0]), true)
		if err != nil {
			return err
		}
		return p.machine.add(to, f)
	})
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
