package main

import (
	"os"
	"os/exec"
	"runtime"
)

// opener is the program that shows an address in the person's browser; empty where there is no desktop.
func opener() string {
	switch {
	case runtime.GOOS == "darwin":
		return "open"
	case os.Getenv("DISPLAY") != "" || os.Getenv("WAYLAND_DISPLAY") != "":
		return "xdg-open"
	}
	return ""
}

// show opens the page in a browser, where that can be done. The address is printed anyway.
func show(page string) {
	program, err := exec.LookPath(opener())
	if err != nil {
		return
	}
	cmd := exec.Command(program, page)
	if cmd.Start() == nil {
		go func() { _ = cmd.Wait() }()
	}
}
