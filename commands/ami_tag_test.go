package commands

import (
	"maps"
	"strings"
	"testing"
)

func TestTagsAreReadAsPeopleWriteThem(t *testing.T) {
	set, err := writtenTags([]string{"team=web", `owner="me"`, "note=it's on", "empty=", "owner2=“me & you”"})
	want := map[string]string{"team": "web", "owner": "me", "note": "it's on", "empty": "", "owner2": "me & you"}
	if err != nil || !maps.Equal(set, want) {
		t.Errorf("got %v, %v, want %v", set, err, want)
	}
	for said, words := range map[string][]string{
		"`&` is no tag.":                  {"&"},
		"The tag team is there twice.":    {"team=web", "team=shop"},
		"do not hold its words together.": {`owner="me`, "&", `you"`},
	} {
		if _, err := writtenTags(words); err == nil || !strings.Contains(err.Error(), said) {
			t.Errorf("%s: got %v, want %s", words, err, said)
		}
	}
}
