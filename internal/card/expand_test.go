package card

import (
	"reflect"
	"testing"
)

func TestExpandMakesMentionsOfPlaceholders(t *testing.T) {
	got := Expand("{user:U1} asked, {group:S9} decide")
	want := Text{{User: "U1"}, {Plain: " asked, "}, {Group: "S9"}, {Plain: " decide"}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestInertDataMentionsNobody(t *testing.T) {
	for _, data := range []string{"{user:U1}", "x {group:S1} y", "{user:{user:U1}}", "{channel:C1}"} {
		for _, part := range Expand("said " + Inert(data)) {
			if part.User != "" || part.Group != "" || part.Channel != "" {
				t.Errorf("Inert(%q): got the mention %+v, want none", data, part)
			}
		}
	}
}
