package machine

import (
	"regexp"
	"strconv"
	"strings"
)

// expression compiles a regular expression, of the basic or of the extended kind.
func expression(text string, extended, fold bool) (*regexp.Regexp, error) {
	if !extended {
		text = basic(text)
	}
	if fold {
		text = "(?i)" + text
	}
	return regexp.Compile(text)
}

// basic turns a basic expression into an extended one: what is plain without a backslash there is special without
// one here, and the other way round.
func basic(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c == '\\' && i+1 < len(text) && strings.ContainsRune("(){}+?|", rune(text[i+1])):
			i++
			b.WriteByte(text[i])
		case c == '\\' && i+1 < len(text):
			i++
			b.WriteString(text[i-1 : i+1])
		case strings.ContainsRune("(){}+?|", rune(c)):
			b.WriteString("\\" + string(c))
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

func grep(p *process) int {
	given, operands := p.options("eAmB")
	pattern, ok := given["e"]
	if !ok {
		if len(operands) == 0 {
			return p.fail(2, "grep: missing pattern")
		}
		pattern, operands = operands[0], operands[1:]
	}
	has := func(letter string) bool { _, ok := given[letter]; return ok }
	if has("F") {
		pattern = regexp.QuoteMeta(pattern)
	}
	if has("w") {
		pattern = `\b` + pattern + `\b`
	}
	if has("x") {
		pattern = "^" + pattern + "$"
	}
	rx, err := expression(pattern, has("E") || has("F") || p.name() == "egrep", has("i"))
	if err != nil {
		return p.fail(2, "grep: invalid regular expression")
	}
	if len(operands) == 0 {
		operands = []string{"-"}
	}
	if has("r") || has("R") {
		operands = p.below(operands)
	}
	status := 1
	for _, name := range operands {
		text, err := p.source(name)
		if err != nil {
			if !has("s") {
				_ = p.fail(2, "grep: %s: %s", name, reason(err))
			}
			continue
		}
		prefix := ""
		if (len(operands) > 1 || has("H")) && !has("h") {
			prefix = name + ":"
		}
		if p.match(rx, text, prefix, has, name) {
			status = 0
		}
	}
	return status
}

// match prints the lines of one text that match, as the options want it.
func (p *process) match(rx *regexp.Regexp, text, prefix string, has func(string) bool, name string) bool {
	n := 0
	for at, line := range lines(text) {
		if rx.MatchString(line) == has("v") {
			continue
		}
		n++
		switch {
		case has("q"), has("c"), has("l"):
		case has("o"):
			for _, part := range rx.FindAllString(line, -1) {
				p.printf("%s%s\n", prefix, part)
			}
		case has("n"):
			p.printf("%s%d:%s\n", prefix, at+1, line)
		default:
			p.printf("%s%s\n", prefix, line)
		}
	}
	if has("c") {
		p.printf("%s%d\n", prefix, n)
	}
	if has("l") && n > 0 {
		p.printf("%s\n", name)
	}
	return n > 0
}

// below lists the files in and under places.
func (p *process) below(names []string) []string {
	var all []string
	for _, name := range names {
		inner, err := p.machine.list(p.path(name))
		if err != nil {
			all = append(all, name)
			continue
		}
		for _, one := range inner {
			all = append(all, p.below([]string{strings.TrimSuffix(name, "/") + "/" + one})...)
		}
	}
	return all
}

// edit is one command of sed: from a line to a line, do something.
type edit struct {
	from, to *place
	do       byte // s, d, p or q
	rx       *regexp.Regexp
	with     string
	all      bool
	print    bool
	not      bool
	inside   bool
}

// place is a line by its number, the last line, or those that match.
type place struct {
	line int
	last bool
	rx   *regexp.Regexp
}

func (a *place) at(n, last int, line string) bool {
	return a.line == n || a.last && n == last || a.rx != nil && a.rx.MatchString(line)
}

// sed knows s, d, p and q, with lines or a range of lines before them.
func sed(p *process) int {
	var scripts []string
	extended, quiet, inside := false, false, false
	var rest []string
	args := p.args[1:]
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		switch {
		case arg == "-n", arg == "--quiet":
			quiet = true
		case arg == "-E", arg == "-r":
			extended = true
		case arg == "-e" && len(args) > 0:
			scripts, args = append(scripts, args[0]), args[1:]
		case strings.HasPrefix(arg, "-i"):
			inside = true
		case arg == "-ne" && len(args) > 0:
			quiet, scripts, args = true, append(scripts, args[0]), args[1:]
		default:
			rest = append(rest, arg)
		}
	}
	if len(scripts) == 0 && len(rest) > 0 {
		scripts, rest = rest[:1], rest[1:]
	}
	var edits []*edit
	for _, script := range scripts {
		more, ok := readEdits(script, extended)
		if !ok {
			return p.fail(1, "sed: -e expression #1: unknown command: '%s'", script)
		}
		edits = append(edits, more...)
	}
	if !inside {
		text, code := p.input(rest)
		p.printf("%s", edited(edits, text, quiet))
		return code
	}
	code := 0
	for _, name := range rest {
		if err := p.machine.write(p.path(name), func(f File) File {
			f.Content = edited(edits, f.Content, quiet)
			return f
		}); err != nil {
			code = p.fail(4, "sed: can't read %s: %s", name, reason(err))
		}
	}
	return code
}

func edited(edits []*edit, text string, quiet bool) string {
	var out strings.Builder
	all := lines(text)
	for n, line := range all {
		kept, stop := !quiet, false
		for _, e := range edits {
			if e.applies(n+1, len(all), line) == e.not {
				continue
			}
			switch e.do {
			case 'd':
				kept = false
			case 'p':
				out.WriteString(line + "\n")
			case 'q':
				stop = true
			case 's':
				changed := e.substitute(line)
				if e.print && e.rx.MatchString(line) {
					out.WriteString(changed + "\n")
				}
				line = changed
			}
			if e.do == 'd' {
				break
			}
		}
		if kept {
			out.WriteString(line + "\n")
		}
		if stop {
			break
		}
	}
	return out.String()
}

func (e *edit) applies(n, last int, line string) bool {
	switch {
	case e.from == nil:
		return true
	case e.to == nil:
		return e.from.at(n, last, line)
	case e.inside:
		e.inside = !e.to.at(n, last, line)
		return true
	case e.from.at(n, last, line):
		e.inside = !(e.to.line > 0 && e.to.line <= n)
		return true
	}
	return false
}

func (e *edit) substitute(line string) string {
	done := false
	return e.rx.ReplaceAllStringFunc(line, func(found string) string {
		if done && !e.all {
			return found
		}
		done = true
		groups := e.rx.FindStringSubmatch(found)
		var b strings.Builder
		for i := 0; i < len(e.with); i++ {
			c := e.with[i]
			switch {
			case c == '&':
				b.WriteString(found)
			case c == '\\' && i+1 < len(e.with):
				i++
				switch c = e.with[i]; {
				case c >= '0' && c <= '9':
					if g := int(c - '0'); g < len(groups) {
						b.WriteString(groups[g])
					}
				case c == 't':
					b.WriteByte('\t')
				case c == 'n':
					b.WriteByte('\n')
				default:
					b.WriteByte(c)
				}
			default:
				b.WriteByte(c)
			}
		}
		return b.String()
	})
}

// readEdits reads a script of sed: commands with semicolons or line ends between them.
func readEdits(script string, extended bool) ([]*edit, bool) {
	var all []*edit
	for script = strings.TrimLeft(script, " ;\n"); script != ""; script = strings.TrimLeft(script, " ;\n") {
		e := &edit{}
		var ok bool
		if e.from, script, ok = readPlace(script, extended); !ok {
			return nil, false
		}
		if rest, more := strings.CutPrefix(script, ","); more {
			if e.to, script, ok = readPlace(rest, extended); !ok || e.to == nil {
				return nil, false
			}
		}
		if rest, not := strings.CutPrefix(script, "!"); not {
			e.not, script = true, rest
		}
		if script == "" {
			return nil, false
		}
		e.do, script = script[0], script[1:]
		switch e.do {
		case 'd', 'p', 'q':
		case 's':
			if script, ok = e.readSubstitution(script, extended); !ok {
				return nil, false
			}
		default:
			return nil, false
		}
		all = append(all, e)
	}
	return all, true
}

func readPlace(script string, extended bool) (*place, string, bool) {
	switch {
	case strings.HasPrefix(script, "$"):
		return &place{last: true}, script[1:], true
	case strings.HasPrefix(script, "/"):
		text, rest, ok := until(script[1:], '/')
		rx, err := expression(text, extended, false)
		return &place{rx: rx}, rest, ok && err == nil
	}
	digits := len(script) - len(strings.TrimLeft(script, "0123456789"))
	if digits == 0 {
		return nil, script, true
	}
	n, _ := strconv.Atoi(script[:digits])
	return &place{line: n}, script[digits:], true
}

// until cuts a text at a mark without a backslash before it.
func until(text string, mark byte) (before, after string, ok bool) {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '\\' && i+1 < len(text) && text[i+1] == mark:
			i++
			b.WriteByte(mark)
		case text[i] == '\\' && i+1 < len(text):
			b.WriteString(text[i : i+2])
			i++
		case text[i] == mark:
			return b.String(), text[i+1:], true
		default:
			b.WriteByte(text[i])
		}
	}
	return "", "", false
}

func (e *edit) readSubstitution(script string, extended bool) (string, bool) {
	if script == "" {
		return "", false
	}
	mark := script[0]
	from, script, ok := until(script[1:], mark)
	if !ok {
		return "", false
	}
	if e.with, script, ok = until(script, mark); !ok {
		return "", false
	}
	fold := false
	for script != "" && strings.ContainsRune("gpiI", rune(script[0])) {
		e.all, e.print, fold = e.all || script[0] == 'g', e.print || script[0] == 'p', fold || script[0] == 'i' || script[0] == 'I'
		script = script[1:]
	}
	rx, err := expression(from, extended, fold)
	e.rx = rx
	return script, err == nil
}
