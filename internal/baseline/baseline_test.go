package baseline

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
)

func sample() Manifest {
	return Manifest{
		Image: "ami-1", Instance: "i-1", At: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), System: System{Name: "Debian 12"},
		Packages: map[string]string{"nginx": "1.24.0", "openssl": "3.0.1"},
		Files:    map[string]File{"/etc/a": {Sum: strings.Repeat("a", 64), Mode: "644", Owner: "root:root", Size: 3}},
		Services: map[string]Service{"nginx.service": {Enabled: "enabled", Active: "running"}},
		Firewall: map[string][]string{"nft": {"tcp dport 22 accept"}},
		Rules: []fleet.Rule{{ID: "sgr-2", Group: "sg-1", Protocol: "-1", Egress: true, Peer: "0.0.0.0/0"},
			{ID: "sgr-1", Group: "sg-1", Protocol: "tcp", From: 443, To: 443, Peer: "10.0.0.0/8"}},
	}
}

func TestTheDigestIsOfWhatWasFound(t *testing.T) {
	a, b := sample(), sample()
	b.Image, b.Instance, b.At = "ami-2", "i-2", time.Time{}
	b.Rules[0], b.Rules[1] = b.Rules[1], b.Rules[0]
	if a.Digest() != b.Digest() || len(a.Digest()) != 64 {
		t.Errorf("got %s and %s, want the same", a.Digest(), b.Digest())
	}
	for name, edit := range map[string]func(*Manifest){
		"package":  func(m *Manifest) { m.Packages["nginx"] = "1.25" },
		"mode":     func(m *Manifest) { m.Files["/etc/a"] = File{Mode: "600"} },
		"firewall": func(m *Manifest) { m.Firewall["nft"] = nil },
		"missing":  func(m *Manifest) { m.Lacks("it slept", Services) },
	} {
		m := sample()
		if edit(&m); m.Digest() == a.Digest() {
			t.Errorf("%s: the digest is the same", name)
		}
	}
}

func TestDiffTellsWhatChanged(t *testing.T) {
	a, b := sample(), sample()
	b.Image = "ami-2"
	b.Packages = map[string]string{"nginx": "1.25.0", "curl": "8"}
	b.Files["/etc/a"] = File{Sum: strings.Repeat("b", 64), Mode: "600", Owner: "root:root"}
	b.Services = map[string]Service{"nginx.service": {Enabled: "enabled"}}
	b.Rules = b.Rules[:1]
	b.Lacks("it slept", Firewall)
	got := read(Diff(a, b).Sections())
	want := strings.Join([]string{
		"Packages: 1 added, 1 removed, 1 changed",
		"~ nginx: 1.24.0 -> 1.25.0\n+ curl 8\n- openssl 3.0.1",
		"Files: 1 changed",
		"~ /etc/a: aaaaaaaaaaaa 644 root:root -> bbbbbbbbbbbb 600 root:root",
		"Services: 1 changed",
		"~ nginx.service: enabled, running -> enabled, not active",
		"Security group rules: 1 removed",
		"- sg-1 in tcp 443 from 10.0.0.0/8",
		"! Firewall of ami-2 cannot be compared: no manifest, because it slept.", "",
	}, "\n")
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if d := Diff(a, sample()); !d.Same() || !strings.Contains(read(d.Sections()), "is the same") {
		t.Errorf("got %+v, want nothing", d)
	}
}

func TestADiffFitsACard(t *testing.T) {
	a, b := sample(), sample()
	for i := range 500 {
		b.Packages[fmt.Sprintf("package-%03d", i)] = strings.Repeat("1", 300)
	}
	s := Diff(a, b).Sections()
	if code := s[1].Code; !strings.HasSuffix(code, "\n… and 480 more") || len(code) > 5000 {
		t.Errorf("got %d characters ending %q", len(code), code[len(code)-30:])
	}
}

func read(sections []card.Section) string {
	var b strings.Builder
	for _, s := range sections {
		if s.Text != nil {
			for _, p := range *s.Text {
				b.WriteString(p.Bold + p.Plain)
			}
			b.WriteString("\n")
		}
		if s.Code != "" {
			b.WriteString(s.Code + "\n")
		}
		for _, f := range s.Findings {
			b.WriteString("! " + f.Text + "\n")
		}
	}
	return b.String()
}

func TestTheStoreKeepsManifestsForGood(t *testing.T) {
	m := miniredis.RunT(t)
	c := redis.NewClient(&redis.Options{Addr: m.Addr(), MaxRetries: -1, MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}})
	t.Cleanup(func() { _ = c.Close() })
	s := NewStore(c, "amiral")
	if _, err := s.Get(t.Context(), "prod", "ami-1"); !fault.Is(err, fault.NotFound) || !strings.Contains(err.Error(), "because it was not baked by amiral") {
		t.Errorf("got %v", err)
	}
	want := sample()
	for range 2 {
		if err := s.Put(t.Context(), "prod", want); err != nil {
			t.Fatal(err)
		}
	}
	got, err := s.Get(t.Context(), "prod", "ami-1")
	if err != nil || got.Digest() != want.Digest() || got.Instance != "i-1" || !got.At.Equal(want.At) {
		t.Errorf("got %+v, %v", got, err)
	}
	if _, err := s.Get(t.Context(), "staging", "ami-1"); !fault.Is(err, fault.NotFound) {
		t.Errorf("got %v of another environment", err)
	}
	if err := s.Put(t.Context(), "prod", Manifest{}); err == nil {
		t.Error("a manifest of no image was put")
	}
	if empty, err := s.Kept(t.Context(), "op-1"); err != nil || empty.Instance != "" {
		t.Errorf("got %+v, %v, want nothing kept", empty, err)
	}
	if err := s.Keep(t.Context(), "op-1", want); err != nil {
		t.Fatal(err)
	}
	m.FastForward(draftFor + time.Hour)
	if kept, _ := s.Kept(t.Context(), "op-1"); kept.Instance != "" {
		t.Error("a draft is kept for good")
	}
	if _, err := s.Get(t.Context(), "prod", "ami-1"); err != nil {
		t.Errorf("got %v, want the manifest to outlive it", err)
	}
	for _, k := range m.Keys() {
		if !strings.HasPrefix(k, "{amiral}:baseline") {
			t.Errorf("got key %s", k)
		}
	}
}
