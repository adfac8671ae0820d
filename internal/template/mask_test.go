package template

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// forms are ways in which secrets are written; %s stands for one without blanks and quotes.
func forms() []string {
	return []string{
		"export DB_PASSWORD=%s\n", "DB_PASS='%s' ./start\n", "password: %s\n", "  - api_key: \"%s\"\n", `{"apiKey":"%s","x":1}`,
		"curl -H 'Authorization: Bearer %s' https://x\n", "curl -u admin:%s https://x\n", "wget --user=admin:%s x",
		"https://user:%s@host/path", "git clone https://%s@host/x.git", "postgres://app:%s@db:5432/x?y=z",
		"mysql -uroot -p%s shop", "echo root:%s | chpasswd\n", "echo \"root:%s\" | sudo chpasswd", "./run --token %s --other\n",
		"./run --db-password=%s\n", "./run -password \"%s\"", "<Password>%s</Password>", "token = %s\n", "$env:SECRET='%s'",
		"-----BEGIN RSA PRIVATE KEY-----\n%s\n-----END RSA PRIVATE KEY-----\n", "-----BEGIN PRIVATE KEY-----\n%s\n",
		"aws_secret_access_key = %s\n", "secret: |\n  %s\n  more\n", "chpasswd:\n  list: |\n    root:%s\nruncmd: []\n",
		"chpasswd <<EOF\nroot:%s\nEOF\n", "echo %s | docker login --username x --password-stdin", "sshpass -p %s ssh x",
		"redis-cli -h x -a %s ping", "ConvertTo-SecureString \"%s\" -AsPlainText", "Secret := \"%s\"", "PASS=\"one\ntwo %s\"\n",
		"PASS=\"%s", "PASSWORD=first\\ %s\n", "passphrase: correct horse %s\n", "key=1; SECRET_TOKEN=%s; next",
		"Environment=\"API_TOKEN=%s\"\n", "-e DB_PASSWORD=%s -e X=1", "ghp_%s0000", "xoxb-1-%s", "https://hooks.example.com/services/T0/%s",
	}
}

// TestAMaskedTextNeverHoldsTheSecret writes secrets in every way there is between other lines.
func TestAMaskedTextNeverHoldsTheSecret(t *testing.T) {
	all := forms()
	rapid.Check(t, func(t *rapid.T) {
		form := rapid.SampledFrom(all).Draw(t, "form")
		secret := rapid.StringMatching(`[A-Za-z][A-Za-z0-9_-]{8,40}[A-Za-z0-9]`).Draw(t, "secret")
		before := rapid.SampledFrom([]string{"", "#!/bin/sh\nset -e\n", "#cloud-config\n", "x: y\n"}).Draw(t, "before")
		after := rapid.SampledFrom([]string{"", "\necho done\n", "\nx: y\n"}).Draw(t, "after")
		if got := NewMasker().Mask(before + fmt.Sprintf(form, secret) + after); strings.Contains(got, secret) {
			t.Fatalf("%q is still in %q", secret, got)
		}
	})
}

// TestPlainTextIsShown: what holds no secret reads as it was written.
func TestPlainTextIsShown(t *testing.T) {
	for _, plain := range []string{
		"#!/bin/bash\nyum install -y nginx\nsystemctl enable --now nginx\n", "PASSWORD=${DB_PASSWORD}\n", "token=$(aws ssm get-parameter --name x)",
		"authors: Bob\n", "https://example.com/a/b?c=d", "ami-0123456789abcdef0 subnet-0123456789abcdef0", "keyboard: us\n",
		"password_file=/etc/x\n", "arn:aws:iam::123456789012:instance-profile/web-server-production-eu-west-1", "use_token: true\n",
	} {
		if got := NewMasker().Mask(plain); got != plain {
			t.Errorf("got %q, want %q", got, plain)
		}
	}
}

// TestTwoSecretsShowAsDifferent: and one secret as the same, wherever it stands.
func TestTwoSecretsShowAsDifferent(t *testing.T) {
	m := NewMasker()
	a, b, c := m.Mask("PASSWORD=hunter-two"), m.Mask("PASSWORD=hunter-three"), m.Mask("token: hunter-two")
	if a != "PASSWORD=••••(1)" || b != "PASSWORD=••••(2)" || c != "token: ••••(1)" {
		t.Errorf("got %s, %s and %s, want the first mark, the second and the first again", a, b, c)
	}
}

// TestMasksHideNoDifference: two texts that differ still do when their secrets are hidden.
func TestMasksHideNoDifference(t *testing.T) {
	line := rapid.OneOf(rapid.SampledFrom(forms()), rapid.SampledFrom([]string{"x=1\n", dots + "(1)\n", "\n", "PASSWORD=" + dots + "(1)\n"}))
	text := rapid.Custom(func(t *rapid.T) string {
		var b strings.Builder
		for _, f := range rapid.SliceOfN(line, 0, 4).Draw(t, "lines") {
			b.WriteString(strings.ReplaceAll(f, "%s", rapid.StringMatching(`[a-c"' ]{0,4}`).Draw(t, "word")))
		}
		return b.String()
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b := text.Draw(t, "a"), text.Draw(t, "b")
		m := NewMasker()
		if x, y := m.Mask(a), m.Mask(b); (a == b) != (x == y) {
			t.Fatalf("%q and %q are %q and %q", a, b, x, y)
		}
	})
}

// FuzzMask: nothing that people write breaks it, and masking twice hides nothing more that could be told apart.
func FuzzMask(f *testing.F) {
	for _, form := range forms() {
		f.Add(form)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(strings.ReplaceAll(NewMasker().Mask(text), dots+"(", ""), dots) {
			t.Errorf("%q: something looks like a mark and is none", text)
		}
	})
}
