package machine

import (
	"fmt"
	"io"
	"path"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// program is a command: it returns its exit status.
type program func(*process) int

// programsByName are all the commands there are.
func programsByName() map[string]program {
	return map[string]program{
		"cat": cat, "head": head, "tail": tail, "wc": wc, "sort": sortLines, "uniq": uniq, "tr": tr, "cut": cut, "grep": grep, "egrep": grep,
		"sed": sed, "tee": tee, "base64": base64Program, "gzip": gzipProgram, "gunzip": gunzip, "zcat": gunzip,
		"sha256sum": sum, "md5sum": sum, "xargs": xargs, "seq": seq, "basename": base, "dirname": dirname,
		"ls": ls, "stat": statProgram, "find": find, "readlink": readlink, "realpath": readlink, "mkdir": mkdir, "touch": touch, "rm": rm, "rmdir": rm,
		"cp": cp, "mv": mv, "ln": ln, "chmod": chmod, "chown": chown, "chgrp": chown, "install": cp,
		"dpkg-query": dpkgQuery, "dpkg": dpkg, "apt-get": apt, "apt": apt, "rpm": rpm, "dnf": dnf, "yum": dnf,
		"systemctl": systemctl, "service": service, "nft": nft, "iptables-save": iptablesSave, "iptables": iptablesProgram, "nginx": nginx,
		"uname": uname, "hostname": hostname, "id": id, "whoami": whoami, "date": date, "nproc": nproc, "df": df, "uptime": uptime, "free": free,
		"curl": curl, "sleep": sleep, "sync": syncProgram, "sh": sh, "bash": sh, "dash": sh, "env": env, "which": which, "true": yes, "false": no, "echo": echo,
		"sudo": sudo, "timeout": timeout, "nohup": sudo, "reboot": yes, "cloud-init": yes, "logger": yes, "ps": ps, "printenv": env,
	}
}

func yes(*process) int { return 0 }
func no(*process) int  { return 1 }

func (p *process) printf(format string, args ...any) { _, _ = fmt.Fprintf(p.out, format, args...) }

// fail complains, and returns the status.
func (p *process) fail(code int, format string, args ...any) int {
	_, _ = fmt.Fprintf(p.err, format+"\n", args...)
	return code
}

// path is a file's whole path.
func (p *process) path(name string) string { return absolute(p.dir, name) }

// name is what the command was called by.
func (p *process) name() string { return path.Base(p.args[0]) }

// options reads the command's options: letters that stand alone, and those, listed in with, that have a value. Words
// that begin with two dashes are options, too, with a value behind =. What is left are the operands.
func (p *process) options(with string) (map[string]string, []string) {
	found, operands := map[string]string{}, []string{}
	args := p.args[1:]
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		switch {
		case arg == "--":
			return found, append(operands, args...)
		case strings.HasPrefix(arg, "--"):
			key, value, _ := strings.Cut(arg[2:], "=")
			found[key] = value
		case len(arg) > 1 && arg[0] == '-':
			args = p.letters(arg[1:], with, found, args)
		default:
			operands = append(operands, arg)
		}
	}
	return found, operands
}

// letters reads a bundle of options such as -rn5.
func (p *process) letters(bundle, with string, found map[string]string, args []string) []string {
	for n := range bundle {
		letter := bundle[n : n+1]
		if !strings.Contains(with, letter) {
			found[letter] = ""
			continue
		}
		if value := bundle[n+1:]; value != "" {
			found[letter] = value
		} else if len(args) > 0 {
			found[letter], args = args[0], args[1:]
		}
		return args
	}
	return args
}

// input reads the named files, or the standard input when none is named. What cannot be read is complained about.
func (p *process) input(names []string) (string, int) {
	if len(names) == 0 {
		names = []string{"-"}
	}
	var all strings.Builder
	code := 0
	for _, name := range names {
		text, err := p.source(name)
		if err != nil {
			code = p.fail(1, "%s: %s: %s", p.name(), name, reason(err))
			continue
		}
		all.WriteString(text)
	}
	return all.String(), code
}

func (p *process) source(name string) (string, error) {
	if name != "-" {
		return p.machine.read(p.path(name))
	}
	raw, err := io.ReadAll(io.LimitReader(p.in, fullest))
	return string(raw), err
}

// reason is an error as programs print it.
func reason(err error) string {
	text := err.Error()
	text = text[strings.LastIndex(text, ": ")+1:]
	text = strings.TrimSpace(text)
	return strings.ToUpper(text[:1]) + text[1:]
}

// lines cuts a text into lines.
func lines(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}

func (p *process) print(all []string) {
	for _, line := range all {
		p.printf("%s\n", line)
	}
}

// shell runs a script in a shell of its own.
func (p *process) shell(script string, args []string) int {
	s := p.session
	s.mu.Lock()
	s.depth++
	deep := s.depth > deepest
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		s.depth--
		s.mu.Unlock()
	}()
	if deep {
		return p.fail(2, "sh: too many shells")
	}
	lang := syntax.LangPOSIX
	if strings.HasPrefix(p.name(), "bash") || strings.HasPrefix(script, "#!/bin/bash") || strings.HasPrefix(script, "#!/usr/bin/env bash") {
		lang = syntax.LangBash
	}
	if len(args) > 0 {
		args = args[1:]
	}
	return s.run(p.ctx, script, lang, args, p.streams)
}

// sh is a shell: of a script given with -c, in a file, or on the standard input.
func sh(p *process) int {
	args := p.args[1:]
	for len(args) > 0 && strings.HasPrefix(args[0], "-") {
		if strings.Contains(args[0], "c") && len(args) > 1 && !strings.HasPrefix(args[0], "--") {
			return p.shell(args[1], args[2:])
		}
		args = args[1:]
	}
	name := "-"
	if len(args) > 0 {
		name = args[0]
	}
	script, err := p.source(name)
	if err != nil {
		return p.fail(127, "%s: %s: %s", p.name(), name, reason(err))
	}
	return p.shell(script, args)
}

// sudo runs the rest of its words: everybody is root.
func sudo(p *process) int {
	args := p.args[1:]
	for len(args) > 0 && strings.HasPrefix(args[0], "-") {
		args = args[1:]
	}
	return p.another(args)
}

// another runs a command in place of this one.
func (p *process) another(args []string) int {
	if len(args) == 0 {
		return 0
	}
	twin := *p
	twin.args = args
	return p.session.start(p.ctx, &twin)
}

// echo is for those that call it by another command.
func echo(p *process) int {
	p.printf("%s\n", strings.Join(p.args[1:], " "))
	return 0
}

func timeout(p *process) int {
	_, rest := p.options("sk")
	if len(rest) < 2 {
		return p.fail(125, "timeout: missing operand")
	}
	for n, arg := range p.args {
		if arg == rest[0] {
			return p.another(p.args[n+1:])
		}
	}
	return 125
}

func env(p *process) int {
	args := p.args[1:]
	for len(args) > 0 && (strings.Contains(args[0], "=") || strings.HasPrefix(args[0], "-")) {
		args = args[1:]
	}
	if len(args) > 0 && p.name() == "env" {
		return p.another(args)
	}
	for name, value := range p.env {
		if !strings.HasPrefix(name, "HOME ") {
			p.printf("%s=%s\n", name, value)
		}
	}
	return 0
}

// which tells where commands are, for itself and for the words of the shell that ask the same.
func which(p *process) int {
	_, names := p.options("")
	if p.args[0] == lookup && len(names) > 0 {
		names = names[1:]
	}
	code := 0
	for _, name := range names {
		switch {
		case isWord(name):
			p.printf("%s\n", name)
		case p.session.programs[path.Base(name)] != nil && p.machine.has(name):
			p.printf("/usr/bin/%s\n", path.Base(name))
		default:
			code = 1
		}
	}
	return code
}

// isWord tells the words that the shell knows by itself.
func isWord(name string) bool {
	switch name {
	case "cd", "echo", "printf", "test", "[", "export", "read", "set", "command", "exit", "eval", ":", "true", "false":
		return true
	}
	return false
}
