package template

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Masker hides what looks like a secret. Within one answer the same secret always gets the same mark and another one
// another mark, by the order in which they appear: so it can be seen that two differ, and nothing at all can be
// learned of what they are. That is why the marks are numbers and no digests, which short secrets do not survive.
type Masker struct{ seen map[string]int }

// NewMasker returns a masker that has seen nothing yet.
func NewMasker() *Masker { return &Masker{seen: map[string]int{}} }

// dots begin every mark.
const dots = "••••"

// rule finds secrets: what the named group of it holds that took part, or all of it.
type rule struct{ *regexp.Regexp }

func newRule(expression string) rule { return rule{regexp.MustCompile(expression)} }

// What a value looks like behind a name that says that it is secret: between quotes, or up to the next blank.
const (
	doubled  = `"(?P<s>(?:[^"\\]|\\.)+)"`
	single   = `'(?P<t>(?:[^']|'')+)'`
	bare     = `(?P<u>(?:\\.|[^\s"';|&<>()]|"[^"\s]*"|'[^'\s]*')+)`
	unclosed = `["'](?P<v>[^\n]+)`
	word     = `(?:` + doubled + `|` + single + `|` + bare + `|` + unclosed + `)`
)

// secretName is a name that says that what follows is secret.
const secretName = `[\w.-]*(?:passw(?:or)?d|passwd|passphrase|passcode|pass|pwd|secret|token|api[_-]?key|access[_-]?key|` +
	`account[_-]?key|private[_-]?key|encryption[_-]?key|signing[_-]?key|ssh[_-]?key|master[_-]?key|license[_-]?key|` +
	`credentials?|auth|authorization|cookie|dsn|connection[_-]?string|webhook)(?:[_-]?(?:id|value|string|b64|base64|hash|\d+))?`

// block is indented lines, as YAML has them under a name.
const block = `(?P<s>(?:[ \t]+[^\n]*(?:\n|\z))+)`

// rules are tried in this order; what one has hidden the next ones do not see.
var rules = []rule{
	newRule(regexp.QuoteMeta(dots)), // what looks like a mark of ours and is none
	newRule(`(?s)-----BEGIN [A-Z0-9 ]+-----.*?(?:-----END [A-Z0-9 ]+-----|\z)`),
	newRule(`(?i)\b[a-z][a-z0-9+.-]*://[^\s/@:"']*:(?P<s>[^\s@"']+)@`),
	newRule(`(?i)\b[a-z][a-z0-9+.-]*://(?P<s>[^\s/@:"']{8,})@`),
	newRule(`(?i)\b(?:bearer|basic|token|digest)[ \t]+(?P<s>[a-z0-9._~+/=-]{6,})`),
	newRule(`(?i)\b` + secretName + `["']?:[ \t]*[|>][+-]?[ \t]*\n` + block),
	newRule(`(?im)^[ \t]*chpasswd:[ \t]*\n` + block),
	newRule(`(?i)\bchpasswd[^\n]*<<-?[^\n]*\n(?P<s>(?:[^\n:]+:[^\n]*(?:\n|\z))+)`),
	newRule(`(?im)^[ \t]*(?:-[ \t]+|export[ \t]+|set[ \t]+|\$env:)*` + secretName + `[ \t]*[=:][ \t]*(?P<s>[^\s"'$` + "`" + `{<%][^\n]*)$`),
	newRule(`(?is)\b` + secretName + `["']?[ \t]*(?:=>|:=|[=:])[ \t]*` + word),
	newRule(`(?is)(?:^|[\s"'])--?` + secretName + `[ \t]+` + word),
	newRule(`(?i)<` + secretName + `>(?P<s>[^<]+)<`),
	newRule(`\b(?:curl|wget)\b[^\n]*?\s(?:-u|--user)[ =]?["']?[^\s:"']+:(?P<s>[^\s"']+)`),
	newRule(`\b(?:mysql|mysqldump|mysqladmin|mariadb)\b[^\n]*?\s-p(?P<s>[^\s"']+)`),
	newRule(`(?s)\b(?:sshpass[ \t]+-p|redis-cli[^\n]*[ \t]-a|ConvertTo-SecureString)[ \t]*` + word),
	newRule(`["']?\b[\w.-]+:(?P<s>[^\n"'|]+?)["']?[ \t]*\|[ \t]*(?:sudo[ \t]+)?chpasswd`),
	newRule(`\becho[ \t]+(?:-n[ \t]+)?["']?(?P<s>[^\n"'|]+?)["']?[ \t]*\|[^\n|]*--(?:password-)?stdin`),
	newRule(`\b(?:AKIA|ASIA|AGPA|AIDA|AROA|ABIA|ACCA)[A-Z0-9]{12,}\b`),
	newRule(`\b(?:gh[pousr]_|github_pat_|glpat-|xox[abeoprs]-|xapp-|sk_live_|sk_test_|rk_live_|sk-|pk_live_|AIza|npm_|dop_v1_|hvs\.|SG\.)[\w.-]{8,}`),
	newRule(`\beyJ[\w-]{6,}\.[\w-]{6,}(?:\.[\w-]*)?`),
	newRule(`https://hooks\.[\w.-]+/(?:services|workflows|triggers)?/?(?P<s>[\w/-]{8,})`),
	newRule(`\$(?:1|2[aby]|5|6|y)\$[\w./$=,-]{8,}`),
}

// Mask hides what looks like a secret in a text.
func (m *Masker) Mask(text string) string {
	parts := []part{{text: text}}
	for _, r := range rules {
		parts = r.hide(parts)
	}
	parts = hideRandom(parts)
	var b strings.Builder
	for _, p := range parts {
		if p.secret {
			b.WriteString(m.mark(p.text))
			continue
		}
		b.WriteString(p.text)
	}
	return b.String()
}

// Holds reports whether something in the text looks like a secret.
func Holds(text string) bool { return NewMasker().Mask(text) != text }

// mark stands for a secret.
func (m *Masker) mark(secret string) string {
	n, known := m.seen[secret]
	if !known {
		n = len(m.seen) + 1
		m.seen[secret] = n
	}
	return fmt.Sprintf("%s(%d)", dots, n)
}

// part is a piece of a text, which is shown or is not.
type part struct {
	text   string
	secret bool
}

// hide finds more secrets in what is shown as yet.
func (r rule) hide(parts []part) []part {
	var all []part
	for _, p := range parts {
		if p.secret {
			all = append(all, p)
			continue
		}
		rest := p.text
		for {
			from, to, found := r.first(rest)
			if !found {
				break
			}
			all = append(all, part{text: rest[:from]}, part{rest[from:to], true})
			rest = rest[to:]
		}
		all = append(all, part{text: rest})
	}
	return all
}

// first finds the first secret in a text. What a variable stands for is none.
func (r rule) first(text string) (from, to int, found bool) {
	offset := 0
	for offset <= len(text) {
		at := r.FindStringSubmatchIndex(text[offset:])
		if at == nil {
			return 0, 0, false
		}
		from, to = r.bounds(at)
		from, to = from+offset, to+offset
		if to > from && !variable(text[from:to]) {
			return from, to, true
		}
		offset = max(offset+at[1], offset+1)
	}
	return 0, 0, false
}

// bounds are where the secret of a match stands: in the group that took part, or all of the match.
func (r rule) bounds(at []int) (from, to int) {
	for i, name := range r.SubexpNames() {
		if name != "" && at[2*i] >= 0 {
			return at[2*i], at[2*i+1]
		}
	}
	return at[0], at[1]
}

// reference is a value that only says where the real one comes from, or too little to be one.
var reference = regexp.MustCompile(`(?i)^(?:\$\{?\w+\}?|\$|\$\(.*|` + "`.*" + `|\{\{[^}]*\}?\}?|%\w+%|true|false|yes|no|none|null|nil|\d{1,2}|bearer|basic|arn:aws[\w-]*:\S*)$`)

func variable(value string) bool { return reference.MatchString(value) }

// long are words that are long enough to be keys.
var long = regexp.MustCompile(`[A-Za-z0-9+/_=-]{32,}`)

// hideRandom hides long words in which letters of both cases and digits are mixed as nobody would write them.
func hideRandom(parts []part) []part {
	var all []part
	for _, p := range parts {
		if p.secret {
			all = append(all, p)
			continue
		}
		done := 0
		for _, at := range long.FindAllStringIndex(p.text, -1) {
			if !random(p.text[at[0]:at[1]]) {
				continue
			}
			all = append(all, part{text: p.text[done:at[0]]}, part{p.text[at[0]:at[1]], true})
			done = at[1]
		}
		all = append(all, part{text: p.text[done:]})
	}
	return all
}

// random reports whether a long word reads like a key: one piece of it without dashes or slashes is long and mixes
// all kinds of characters, or is long and made of hexadecimal digits alone.
func random(s string) bool {
	return slices.ContainsFunc(strings.FieldsFunc(s, func(r rune) bool { return r == '/' || r == '-' || r == '_' }), func(piece string) bool {
		if len(piece) < 20 {
			return false
		}
		upper := strings.ContainsAny(piece, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
		lower := strings.ContainsAny(piece, "abcdefghijklmnopqrstuvwxyz")
		digit := strings.ContainsAny(piece, "0123456789")
		return upper && lower && digit || len(piece) >= 32 && (lower || upper) && digit && strings.Trim(strings.ToLower(piece), "0123456789abcdef") == ""
	})
}
