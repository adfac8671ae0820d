package card

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

var placeholder = regexp.MustCompile(`\{(user|group|channel|when):([A-Za-z0-9_.-]+)\}`)

// Expand turns a stored sentence into a text: "{user:U1}", "{group:S1}" and "{channel:C1}" become
// mentions, "{when:1767366240000}" (milliseconds) a time in each reader's own zone; everything else stays as it is. Data from people or AWS goes through Inert before it is put
// into such a sentence.
func Expand(s string) Text {
	var t Text
	for {
		m := placeholder.FindStringSubmatchIndex(s)
		if m == nil {
			break
		}
		if m[0] > 0 {
			t = append(t, Part{Plain: s[:m[0]]})
		}
		t = append(t, mention(s[m[2]:m[3]], s[m[4]:m[5]]))
		s = s[m[1]:]
	}
	if s != "" {
		t = append(t, Part{Plain: s})
	}
	return t
}

func mention(kind, id string) Part {
	switch kind {
	case "user":
		return Part{User: id}
	case "group":
		return Part{Group: id}
	case "when":
		ms, err := strconv.ParseInt(id, 10, 64)
		if err != nil {
			return Part{Plain: id}
		}
		return Part{When: time.UnixMilli(ms).UTC()}
	}
	return Part{Channel: id}
}

// Inert makes data safe to be put into a sentence for Expand: no placeholder in it survives.
func Inert(s string) string {
	return strings.NewReplacer("{user:", "{ user:", "{group:", "{ group:", "{channel:", "{ channel:", "{when:", "{ when:").Replace(s)
}
