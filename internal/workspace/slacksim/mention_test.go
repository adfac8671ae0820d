package slacksim

import "testing"

func TestTextIsStoredAsSlackStoresIt(t *testing.T) {
	for _, c := range []struct{ posted, want string }{
		{"a & b < c > d", "a &amp; b &lt; c &gt; d"},
		{"a &amp; b &lt; c", "a &amp; b &lt; c"},
		{"<@U1> <#C1|x> <!here> <https://a.example|a>", "<@U1> <#C1|x> <!here> <https://a.example|a>"},
		{"<not a link>", "&lt;not a link&gt;"},
		{"see https://a.example/x?a=1&b=2.", "see <https://a.example/x?a=1&amp;b=2>."},
		{"(https://a.example)", "(<https://a.example>)"},
		{"", ""},
	} {
		if got := stored(c.posted); got != c.want {
			t.Errorf("%q: got %q, want %q", c.posted, got, c.want)
		}
		if got := stored(c.want); got != c.want {
			t.Errorf("%q changes to %q when it is stored again", c.want, got)
		}
	}
}
