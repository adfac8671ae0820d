package template

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// TestNoDigestOfUserDataIsShown: whoever knows all of a script but its password could find that out by a digest.
func TestNoDigestOfUserDataIsShown(t *testing.T) {
	a := map[string]string{"UserData": "sha256:62756b18f1ae (68 bytes)"}
	b := map[string]string{"UserData": "sha256:d1ce9179cfe1 (68 bytes)"}
	got := Compare(NewMasker(), a, b)
	if len(got) != 1 || got[0].From != "68 bytes" || got[0].To != "68 bytes, another text" {
		t.Errorf("got %+v, want the lengths, and that they differ", got)
	}
}

// TestFieldsStandInTheOrderOfPeople: what is looked for first, and numbers as numbers.
func TestFieldsStandInTheOrderOfPeople(t *testing.T) {
	fields := map[string]string{"Zzz": "1", "TagSpecifications.instance.Tags.Name": "web", "TagSpecifications.instance.ResourceType": "instance",
		"BlockDeviceMappings.10.DeviceName": "b", "BlockDeviceMappings.9.DeviceName": "a", "KeyName": "ops", "ImageId": "ami-1", "InstanceType": "t3.micro"}
	var names []string
	for _, d := range Compare(NewMasker(), nil, fields) {
		names = append(names, d.Field)
	}
	want := "ImageId InstanceType KeyName BlockDeviceMappings.9.DeviceName BlockDeviceMappings.10.DeviceName Zzz TagSpecifications.instance.Tags.Name"
	if got := strings.Join(names, " "); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestADiffFitsOnCards: whatever two texts hold, each part of their diff fits on a card, all parts together are all of
// it, and texts that differ have one.
func TestADiffFitsOnCards(t *testing.T) {
	line := rapid.OneOf(rapid.SampledFrom(forms()), rapid.StringMatching(`[a-z ]{0,30}\n`), rapid.Just(strings.Repeat("long ", 90)+"\n"), rapid.Just("x\r\n\x1b[31m"))
	text := rapid.Custom(func(t *rapid.T) string { return strings.Join(rapid.SliceOfN(line, 0, 120).Draw(t, "lines"), "") })
	rapid.Check(t, func(t *rapid.T) {
		a, b := text.Draw(t, "a"), text.Draw(t, "b")
		diff := TextDiff(NewMasker(), a, b)
		if (a == b) != (diff == "") {
			t.Fatalf("%q and %q: got the diff %q", a, b, diff)
		}
		lines := 0
		for _, page := range Shown(diff) {
			if n := utf8.RuneCountInString(page); n > mostShown {
				t.Fatalf("got a part of %d characters", n)
			}
			lines += strings.Count(page, "\n")
		}
		if want := strings.Count(strings.TrimSuffix(diff, "\n"), "\n") + 1; diff != "" && lines != want {
			t.Fatalf("got %d lines in parts, want %d", lines, want)
		}
	})
}
