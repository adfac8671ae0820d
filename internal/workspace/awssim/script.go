package awssim

import (
	"strconv"
	"strings"
	"time"
)

// Script is what a command runs on one machine.
type Script struct {
	Instance string
	Tags     map[string]string
	Image    string
	Host     string
	Commands []string
	// From is the image that the machine was made from; only its ID is known when the image is gone.
	From ImageState
	Now  time.Time
}

// Output is what a script left behind.
type Output struct {
	Stdout, Stderr string
	Exit           int
	// Took is how long the script ran; two seconds when it is zero.
	Took time.Duration
}

// OnScript lets a function answer the scripts that commands run on this fleet's machines. It is called while the
// cloud is held, so it must not call the cloud. Without one, machines know a few words of the shell: echo, hostname,
// uname, sleep, true, false and exit.
func (f *Fleet) OnScript(answer func(Script) Output) {
	defer f.cloud.lock()()
	f.script = answer
}

// plain runs a script by the few words that every machine knows.
func (s Script) plain() Output {
	var out Output
	var stdout strings.Builder
	for _, line := range strings.Split(strings.Join(s.Commands, "\n"), "\n") {
		word, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		out.Exit = 0
		switch word {
		case "", "true":
		case "echo":
			stdout.WriteString(strings.Trim(rest, `"'`) + "\n")
		case "hostname":
			stdout.WriteString(s.Host + "\n")
		case "uname":
			stdout.WriteString("Linux\n")
		case "sleep":
			seconds, _ := strconv.Atoi(rest)
			out.Took += time.Duration(seconds) * time.Second
		case "false":
			out.Exit = 1
		case "exit":
			out.Exit, _ = strconv.Atoi(rest)
			out.Stdout = stdout.String()
			return out
		default:
			out.Exit = 127
			out.Stderr += "sh: " + word + ": command not found\n"
		}
	}
	out.Stdout = stdout.String()
	return out
}
