package machine

import (
	"path"
	"slices"
	"strconv"
	"strings"
)

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
