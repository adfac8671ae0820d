package template

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fault"
)

// LongestUserData is how many bytes of user data EC2 takes, before they are encoded.
const LongestUserData = 16384

// encoded begins user data that is given in base64, as AWS itself writes it: words that are typed have no lines.
const encoded = "base64:"

// ReadUserData is user data as somebody gave it: as it is, or in base64 behind "base64:". What EC2 would not take is
// a fault.
func ReadUserData(given string) (string, error) {
	text := given
	if lost(given) {
		return "", fault.New(fault.Invalid, "This user data is one line, and its beginning only says what reads the lines after it, so nothing would run.").
			WithHint("Write it, or add its file, in the form of the command, which opens when something that it needs is left out; or give it as `%s…`.", encoded)
	}
	if code, ok := strings.CutPrefix(given, encoded); ok {
		plain, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(code), ""))
		if err != nil {
			return "", fault.New(fault.Invalid, "The user data behind %s is not base64.", encoded).
				WithHint("Attach the file in the form of `/template create` or `/template update` instead.")
		}
		text = string(plain)
	}
	return text, validUserData(text)
}

// heads are the beginnings of user data that mean nothing without lines below.
var heads = regexp.MustCompile(`^(?:#!|#cloud-|#part-handler|#upstart-job|## template:|Content-Type: multipart|MIME-Version:)`)

// lost reports whether a text has lost its lines, as what is typed does.
func lost(text string) bool {
	return heads.MatchString(text) && !strings.ContainsAny(strings.TrimSpace(text), "\r\n")
}

func validUserData(text string) error {
	switch {
	case strings.TrimSpace(text) == "":
		return fault.New(fault.Invalid, "The user data is empty.").WithHint("Leave it out: a version then keeps that of its source.")
	case len(text) > LongestUserData:
		return fault.New(fault.Invalid, "The user data is %d bytes long, and EC2 takes %d at the most.", len(text), LongestUserData).
			WithHint("Let it fetch the rest from somewhere, or compress it with gzip: cloud-init unpacks it.")
	}
	return nil
}

// beginnings are how user data starts that is run or read at the first boot.
var beginnings = regexp.MustCompile(`^(?:#!|#cloud-|#include|#part-handler|#upstart-job|## template:|Content-Type: multipart|MIME-Version:|<powershell>|<script>|version: )`)

// CheckUserData tells what is doubtful about user data that EC2 takes all the same.
func CheckUserData(text string) []card.Finding {
	if text == "" || compressed(text) {
		return nil
	}
	var found []card.Finding
	warn := func(words, hint string) { found = append(found, card.Finding{Text: words, Hint: hint}) }
	if !beginnings.MatchString(text) {
		warn("The user data begins with neither `#!` nor `#cloud-config`, so nothing runs it at the first boot.", "Put `#!/bin/bash` in its first line.")
	}
	if strings.Contains(text, "\r\n") && !strings.HasPrefix(text, "<") {
		warn("The user data has Windows line ends (CRLF), at which shells on Linux stumble.", "Save it with Unix line ends (LF).")
	}
	if Holds(text) {
		warn("The user data holds what looks like a secret: whoever may read the template or log in to an instance can read it.",
			"Keep secrets in Systems Manager or Secrets Manager, and fetch them at the boot.")
	}
	return found
}

func compressed(text string) bool { return strings.HasPrefix(text, "\x1f\x8b") }

// binary reports whether user data is nothing that people read.
func binary(text string) bool {
	return compressed(text) || !utf8.ValidString(text) || strings.ContainsRune(text, 0)
}

// size tells how long user data is.
func size(text string) string {
	if compressed(text) {
		return fmt.Sprintf("%d bytes, compressed", len(text))
	}
	lines := strings.Count(strings.TrimSuffix(text, "\n"), "\n") + 1
	if lines == 1 {
		return fmt.Sprintf("%d bytes, 1 line", len(text))
	}
	return fmt.Sprintf("%d bytes, %d lines", len(text), lines)
}

// Readable is a text for people: what looks like a secret is hidden, and what cannot be seen is made visible.
func (m *Masker) Readable(text string) string {
	if binary(text) {
		return "(" + size(text) + ", not text)"
	}
	return visible(m.Mask(text))
}

// visible shows characters that nobody sees.
func visible(text string) string {
	var b bytes.Buffer
	for _, r := range text {
		switch {
		case r == '\n' || r == '\t':
			b.WriteRune(r)
		case r == '\r':
			b.WriteRune('␍')
		case unicode.IsControl(r) || unicode.Is(unicode.Cf, r):
			fmt.Fprintf(&b, "<%U>", r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
