package blocks

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/amiral-ops/amiral/internal/card"
)

var (
	userID    = regexp.MustCompile(`^[UW][A-Z0-9]{1,30}$`)
	groupID   = regexp.MustCompile(`^S[A-Z0-9]{1,30}$`)
	channelID = regexp.MustCompile(`^[CGD][A-Z0-9]{1,30}$`)
)

// mrkdwn writes a text in Slack's markup, at most limit long. A mention, a link and a time are written
// whole or not at all; words are cut between characters, and an escaped character is never split.
func mrkdwn(t card.Text, limit int) string {
	w := &pen{limit: limit}
	for _, p := range t {
		if w.full {
			break
		}
		w.part(p)
	}
	return strings.TrimSpace(w.done())
}

// pen writes pieces while they fit, keeping room for the mark of a cut.
type pen struct {
	b     strings.Builder
	used  int
	limit int
	full  bool
}

func (w *pen) part(p card.Part) {
	switch {
	case p.Bold != "":
		w.wrapped(words(p.Bold, "*"), "*")
	case p.Code != "":
		w.wrapped(words(p.Code, "`"), "`")
	case p.User != "":
		w.mention(userID, p.User, "<@%s>")
	case p.Group != "":
		w.mention(groupID, p.Group, "<!subteam^%s>")
	case p.Channel != "":
		w.mention(channelID, p.Channel, "<#%s>")
	case p.Link != nil:
		w.link(*p.Link)
	case !p.When.IsZero():
		w.whole(when(p.When))
	default:
		w.runes(clean(strings.ReplaceAll(p.Plain, "```", "ˋˋˋ")))
	}
}

// words is data that stands between two marks: on one line, and without the mark itself.
func words(s, mark string) string {
	instead := map[string]string{"*": "∗", "`": "ˋ"}[mark]
	return strings.ReplaceAll(oneLine(s), mark, instead)
}

// wrapped writes words between marks. Slack sees no mark next to a blank, so blanks go outside.
func (w *pen) wrapped(s, mark string) {
	if s == "" || w.used+2+len(ellipsis) >= w.limit {
		w.full = w.full || s != ""
		return
	}
	w.b.WriteString(mark)
	w.used += 2
	w.runes(s)
	if w.full {
		w.b.WriteString(ellipsis)
	}
	w.b.WriteString(mark)
}

func (w *pen) mention(valid *regexp.Regexp, id, format string) {
	if !valid.MatchString(id) {
		w.runes(clean(id))
		return
	}
	w.whole(fmt.Sprintf(format, id))
}

func (w *pen) link(l card.Link) {
	label := oneLine(l.Label)
	address, ok := webAddress(l.URL)
	if !ok {
		w.runes(label)
		return
	}
	if label == "" {
		label = l.URL
	}
	w.whole("<" + address + "|" + escape(strings.ReplaceAll(cut(label, 300), "|", "¦")) + ">")
}

// webAddress is u in a form that cannot end Slack's markup early; false when u is not a web address.
func webAddress(u string) (string, bool) {
	parsed, err := url.Parse(clean(u))
	if err != nil || parsed.Host == "" || parsed.User != nil || (parsed.Scheme != "http" && parsed.Scheme != "https") {
		return "", false
	}
	s := strings.NewReplacer("|", "%7C", "<", "%3C", ">", "%3E", " ", "%20", "&", "&amp;").Replace(parsed.String())
	return s, width(s) <= 2000
}

// when is a time that each reader sees in their own zone.
func when(t time.Time) string {
	return fmt.Sprintf("<!date^%d^{date_short_pretty} {time}|%s>", t.Unix(), t.UTC().Format("2006-01-02 15:04 UTC"))
}

// whole writes s or nothing.
func (w *pen) whole(s string) {
	if n := width(s); w.used+n <= w.limit-1 {
		w.b.WriteString(s)
		w.used += n
		return
	}
	w.full = true
	w.b.WriteString(ellipsis)
}

// runes writes words, escaped, until the room is used up.
func (w *pen) runes(s string) {
	for _, r := range s {
		e := escapeRune(r)
		if w.used+width(e) > w.limit-1 {
			w.full = true
			return
		}
		w.b.WriteString(e)
		w.used += width(e)
	}
}

func escapeRune(r rune) string {
	switch r {
	case '&':
		return "&amp;"
	case '<':
		return "&lt;"
	case '>':
		return "&gt;"
	}
	return string(r)
}

func (w *pen) done() string {
	s := w.b.String()
	if !w.full || strings.HasSuffix(s, ellipsis) || strings.HasSuffix(s, ellipsis+"*") || strings.HasSuffix(s, ellipsis+"`") {
		return s
	}
	return tidyEnd(s) + ellipsis
}
