package machine

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"crypto/md5" //nolint:gosec // the command of that name
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"
)

func cat(p *process) int {
	_, names := p.options("")
	text, code := p.input(names)
	p.printf("%s", text)
	return code
}

// count reads how many lines, or with c how many characters, head and tail are to show.
func (p *process) count() (n int, letters bool, names []string) {
	for i, arg := range p.args {
		if _, err := strconv.Atoi(strings.TrimPrefix(arg, "-")); err == nil && strings.HasPrefix(arg, "-") {
			p.args = slices.Insert(slices.Clone(p.args), i, "-n")
			p.args[i+1] = strings.TrimPrefix(arg, "-")
			break
		}
	}
	given, names := p.options("nc")
	n, _ = strconv.Atoi(cmp.Or(given["n"], given["c"], "10"))
	_, letters = given["c"]
	return n, letters, names
}

func head(p *process) int {
	n, letters, names := p.count()
	text, code := p.input(names)
	if letters {
		p.printf("%s", text[:min(n, len(text))])
		return code
	}
	all := lines(text)
	if n < 0 {
		n = max(len(all)+n, 0)
	}
	p.print(all[:min(n, len(all))])
	return code
}

func tail(p *process) int {
	from := slices.ContainsFunc(p.args, func(arg string) bool { return strings.HasPrefix(arg, "+") || strings.HasPrefix(arg, "-n+") })
	n, letters, names := p.count()
	text, code := p.input(names)
	if letters {
		p.printf("%s", text[max(len(text)-n, 0):])
		return code
	}
	all := lines(text)
	if from {
		p.print(all[min(max(n-1, 0), len(all)):])
		return code
	}
	p.print(all[max(len(all)-n, 0):])
	return code
}

func wc(p *process) int {
	given, names := p.options("")
	text, code := p.input(names)
	var all []string
	for _, one := range []struct {
		letter string
		n      int
	}{{"l", strings.Count(text, "\n")}, {"w", len(strings.Fields(text))}, {"c", len(text)}} {
		if _, ok := given[one.letter]; ok || len(given) == 0 {
			all = append(all, strconv.Itoa(one.n))
		}
	}
	if len(names) == 1 {
		all = append(all, names[0])
	}
	p.printf("%s\n", strings.Join(all, " "))
	return code
}

func sortLines(p *process) int {
	given, names := p.options("kt")
	text, code := p.input(names)
	all := lines(text)
	_, numbers := given["n"]
	column, _ := strconv.Atoi(strings.FieldsFunc(cmp.Or(given["k"], "0"), func(r rune) bool { return r < '0' || r > '9' })[0])
	key := func(line string) string {
		fields := strings.Fields(line)
		if given["t"] != "" {
			fields = strings.Split(line, given["t"])
		}
		if column < 1 || column > len(fields) {
			return line
		}
		return fields[column-1]
	}
	slices.SortStableFunc(all, func(a, b string) int {
		if numbers {
			x, _ := strconv.ParseFloat(strings.TrimSpace(key(a)), 64)
			y, _ := strconv.ParseFloat(strings.TrimSpace(key(b)), 64)
			return cmp.Or(cmp.Compare(x, y), cmp.Compare(a, b))
		}
		return cmp.Or(cmp.Compare(key(a), key(b)), cmp.Compare(a, b))
	})
	if _, ok := given["r"]; ok {
		slices.Reverse(all)
	}
	if _, ok := given["u"]; ok {
		all = slices.Compact(all)
	}
	p.print(all)
	return code
}

func uniq(p *process) int {
	given, names := p.options("")
	text, code := p.input(names)
	_, counted := given["c"]
	all := lines(text)
	for len(all) > 0 {
		n := 1
		for n < len(all) && all[n] == all[0] {
			n++
		}
		if counted {
			p.printf("%7d ", n)
		}
		p.printf("%s\n", all[0])
		all = all[n:]
	}
	return code
}

// letterSet is a set of letters as tr has it: ranges, and a few names.
func letterSet(s string) []rune {
	s = strings.NewReplacer(`\n`, "\n", `\t`, "\t", `\0`, "\x00", `\r`, "\r", "[:lower:]", "a-z", "[:upper:]", "A-Z", "[:digit:]", "0-9",
		"[:space:]", " \t\n\r").Replace(s)
	var all []rune
	letters := []rune(s)
	for i := 0; i < len(letters); i++ {
		if i+2 < len(letters) && letters[i+1] == '-' && letters[i] <= letters[i+2] {
			for r := letters[i]; r <= letters[i+2]; r++ {
				all = append(all, r)
			}
			i += 2
			continue
		}
		all = append(all, letters[i])
	}
	return all
}

func tr(p *process) int {
	given, sets := p.options("")
	if len(sets) == 0 {
		return p.fail(1, "tr: missing operand")
	}
	from, to := letterSet(sets[0]), []rune{}
	if len(sets) > 1 {
		to = letterSet(sets[1])
	}
	_, remove := given["d"]
	_, squeeze := given["s"]
	text, code := p.input(nil)
	last := rune(-1)
	p.printf("%s", strings.Map(func(r rune) rune {
		at := slices.Index(from, r)
		switch {
		case at >= 0 && remove:
			return -1
		case at >= 0 && len(to) > 0:
			r = to[min(at, len(to)-1)]
		}
		if squeeze && at >= 0 && r == last {
			return -1
		}
		last = r
		return r
	}, text))
	return code
}

func cut(p *process) int {
	given, names := p.options("dfc")
	text, code := p.input(names)
	from, to := 1, 1
	list := cmp.Or(given["f"], given["c"], "1")
	if a, b, ok := strings.Cut(list, "-"); ok {
		from, _ = strconv.Atoi(cmp.Or(a, "1"))
		to, _ = strconv.Atoi(cmp.Or(b, "1000000"))
	} else {
		from, _ = strconv.Atoi(list)
		to = from
	}
	if from < 1 || to < from {
		return p.fail(1, "cut: invalid field range '%s'", list)
	}
	mark := cmp.Or(given["d"], "\t")
	for _, line := range lines(text) {
		if _, ok := given["c"]; ok {
			p.printf("%s\n", line[min(from-1, len(line)):min(to, len(line))])
			continue
		}
		fields := strings.Split(line, mark)
		if len(fields) > 1 {
			fields = fields[min(from-1, len(fields)):min(to, len(fields))]
		}
		p.printf("%s\n", strings.Join(fields, mark))
	}
	return code
}

// tee writes what it reads to files and on.
func tee(p *process) int {
	given, names := p.options("")
	text, code := p.input(nil)
	_, more := given["a"]
	for _, name := range names {
		err := p.machine.write(p.path(name), func(f File) File {
			if more {
				text = f.Content + text
			}
			f.Content = text
			return f
		})
		if err != nil {
			code = p.fail(1, "tee: %s: %s", name, reason(err))
		}
	}
	p.printf("%s", text)
	return code
}

func base64Program(p *process) int {
	given, names := p.options("w")
	text, code := p.input(names)
	_, short := given["d"]
	_, long := given["decode"]
	if short || long {
		plain, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
		if err != nil {
			return p.fail(1, "base64: invalid input")
		}
		_, _ = p.out.Write(plain)
		return code
	}
	written := base64.StdEncoding.EncodeToString([]byte(text))
	width, err := strconv.Atoi(cmp.Or(given["w"], given["wrap"], "76"))
	for err == nil && width > 0 && len(written) > width {
		p.printf("%s\n", written[:width])
		written = written[width:]
	}
	p.printf("%s", written)
	if width > 0 {
		p.printf("\n")
	}
	return code
}

// gzipProgram works from its standard input to its standard output.
func gzipProgram(p *process) int {
	given, names := p.options("")
	if _, ok := given["d"]; ok {
		return gunzip(p)
	}
	text, code := p.input(names)
	w, _ := gzip.NewWriterLevel(p.out, gzip.BestCompression)
	_, _ = io.WriteString(w, text)
	_ = w.Close()
	return code
}

func gunzip(p *process) int {
	_, names := p.options("")
	text, code := p.input(names)
	r, err := gzip.NewReader(bytes.NewReader([]byte(text)))
	if err != nil {
		return p.fail(1, "gzip: stdin: not in gzip format")
	}
	_, _ = io.Copy(p.out, io.LimitReader(r, fullest))
	return code
}

// sum prints the digests of files.
func sum(p *process) int {
	_, names := p.options("")
	if len(names) == 0 {
		names = []string{"-"}
	}
	code := 0
	for _, name := range names {
		text, err := p.source(name)
		if err != nil {
			code = p.fail(1, "%s: %s: %s", p.name(), name, reason(err))
			continue
		}
		digest := sha256.Sum256([]byte(text))
		shown := digest[:]
		if p.name() == "md5sum" {
			short := md5.Sum([]byte(text)) //nolint:gosec // the command of that name
			shown = short[:]
		}
		p.printf("%s  %s\n", hex.EncodeToString(shown), name)
	}
	return code
}

// xargs runs a command with what it reads as its last words, all at once, or n at a time.
func xargs(p *process) int {
	text, _ := p.input(nil)
	args, most, zero, replace := p.args[1:], 0, false, ""
	for len(args) > 0 && strings.HasPrefix(args[0], "-") {
		switch {
		case args[0] == "-0":
			zero = true
		case args[0] == "-n" && len(args) > 1:
			most, _ = strconv.Atoi(args[1])
			args = args[1:]
		case args[0] == "-I" && len(args) > 1:
			replace, most = args[1], 1
			args = args[1:]
		}
		args = args[1:]
	}
	words := strings.Fields(text)
	if zero {
		words = strings.FieldsFunc(text, func(r rune) bool { return r == 0 })
	}
	if replace != "" {
		words = lines(text)
	}
	if len(args) == 0 {
		args = []string{"echo"}
	}
	if most < 1 {
		most = max(len(words), 1)
	}
	for part := range slices.Chunk(words, most) {
		command := append(slices.Clone(args), part...)
		if replace != "" {
			command = slices.Clone(args)
			for n := range command {
				command[n] = strings.ReplaceAll(command[n], replace, part[0])
			}
		}
		if code := p.another(command); code != 0 {
			return 123
		}
	}
	return 0
}

func seq(p *process) int {
	from, to := 1, 0
	switch len(p.args) {
	case 2:
		to, _ = strconv.Atoi(p.args[1])
	case 3:
		from, _ = strconv.Atoi(p.args[1])
		to, _ = strconv.Atoi(p.args[2])
	}
	for n := from; n <= to && p.ctx.Err() == nil; n++ {
		p.printf("%d\n", n)
	}
	return 0
}

func base(p *process) int {
	if len(p.args) < 2 {
		return p.fail(1, "basename: missing operand")
	}
	name := path.Base(p.args[1])
	if len(p.args) > 2 {
		name = strings.TrimSuffix(name, p.args[2])
	}
	p.printf("%s\n", name)
	return 0
}

func dirname(p *process) int {
	if len(p.args) < 2 {
		return p.fail(1, "dirname: missing operand")
	}
	p.printf("%s\n", path.Dir(p.args[1]))
	return 0
}
