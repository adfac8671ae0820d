package machine_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/internal/workspace/machine"
)

// clock is a time that moves when it is told to.
type clock struct{ now time.Time }

func newClock() *clock { return &clock{time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)} }

func web(c *clock) *machine.Machine {
	return machine.New("web-1.example", machine.Ubuntu().WebServer("1.24.0", "web"), func() time.Time { return c.now })
}

func run(t *testing.T, m *machine.Machine, script string) machine.Output {
	t.Helper()
	return m.Run(t.Context(), script)
}

func TestScripts(t *testing.T) {
	for _, c := range []struct {
		script, want string
		exit         int
	}{
		{"echo hello; hostname; uname -s", "hello\nweb-1.example\nLinux\n", 0},
		{"uname -r; uname -m", "6.14.0-1015-aws\nx86_64\n", 0},
		{"dpkg-query -W -f '${db:Status-Abbrev}\\t${Package}\\t${Version}\\t${Architecture}\\n' nginx", "ii \tnginx\t1.24.0\tamd64\n", 0},
		{"dpkg-query -W nothing", "", 1},
		{"rpm -qa", "", 127},
		{"systemctl is-active nginx && systemctl is-enabled nginx", "active\nenabled\n", 0},
		{"systemctl stop nginx; curl -s http://localhost/", "", 7},
		{"curl -s http://localhost/", "<h1>web</h1>\n", 0},
		{"curl -s -o /dev/null -w '%{http_code}' http://localhost/none", "404", 0},
		{"curl -sf http://localhost/none", "", 22},
		{"curl -s http://example.com/", "", 6},
		{"cat /etc/hostname | tr a-z A-Z", "WEB-1.EXAMPLE\n", 0},
		{"printf 'b\\na\\nb\\n' | sort | uniq -c | sed 's/^ *//'", "1 a\n2 b\n", 0},
		{"printf 'one two\\n' | cut -d ' ' -f 2", "two\n", 0},
		{"printf '1\\n2\\n3\\n' | head -2 | tail -n 1", "2\n", 0},
		{"printf 'x\\ny\\n' | wc -l", "2\n", 0},
		{"sed -n 's/^PRETTY_NAME=/os\\t/p' /etc/os-release", "os\t\"Ubuntu 24.04.3 LTS\"\n", 0},
		{"printf 'a=1\\nb=2\\n' > /tmp/f; sed -i 's/^\\(b\\)=.*/\\1=3/' /tmp/f; cat /tmp/f", "a=1\nb=3\n", 0},
		{"grep -c worker /etc/nginx/nginx.conf", "2\n", 0},
		{"grep -q nothing /etc/nginx/nginx.conf || echo no", "no\n", 0},
		{"stat -c '%s %a %U:%G' /var/www/html/health", "3 644 www-data:www-data\n", 0},
		{"chmod 600 /var/www/html/health; chown root:root /var/www/html/health; stat -c '%a %U:%G' /var/www/html/health", "600 root:root\n", 0},
		{"sha256sum < /var/www/html/health", "dc51b8c96c2d745df3bd5590d990230a482fd247123599548e0632fdbf97fc22  -\n", 0},
		{"readlink /etc/nginx/sites-enabled/web; cat /etc/nginx/sites-enabled/web | head -1", "/etc/nginx/sites-available/web\nserver {\n", 0},
		{"find /etc/nginx -type f | sort", "/etc/nginx/nginx.conf\n/etc/nginx/sites-available/web\n", 0},
		{"find /etc/nginx -name '*.conf' -exec basename {} \\;", "nginx.conf\n", 0},
		{"for f in /etc/nginx/*.conf; do echo $f; done", "/etc/nginx/nginx.conf\n", 0},
		{"nft -s list ruleset | grep -c accept", "3\n", 0},
		{"nft add rule inet filter input tcp dport 8080 accept; nft list ruleset | grep 8080 | tr -d '\\t'", "tcp dport 8080 accept\n", 0},
		{"mkdir -p /srv/a/b; touch /srv/a/b/c; ls /srv/a/b; rm -r /srv; ls /srv", "c\n", 2},
		{"cp /etc/hostname /tmp/h; mv /tmp/h /tmp/i; cat /tmp/i; ls /tmp", "web-1.example\ni\n", 0},
		{"echo x | gzip -9 | base64 | base64 -d | gunzip", "x\n", 0},
		{"date -u +%Y-%m-%dT%H:%M:%S", "2026-03-02T09:00:00\n", 0},
		{"sh -c 'echo $1' x y; bash -c '[[ a == a ]] && echo yes'", "y\nyes\n", 0},
		{"cat <<E | tee /tmp/t >/dev/null\nhi\nE\ncat /tmp/t", "hi\n", 0},
		{"printf 'a\\nb\\n' | xargs echo", "a b\n", 0},
		{"printf 'echo run\\n' > /tmp/s; sh /tmp/s; . /tmp/s", "run\nrun\n", 0},
		{"printf '#!/bin/sh\\necho mine\\n' > /usr/local/bin/mine; chmod +x /usr/local/bin/mine; /usr/local/bin/mine", "mine\n", 0},
		{"if command -v rpm >/dev/null; then echo rpm; fi; command -v nginx", "/usr/bin/nginx\n", 0},
		{"set -e; false; echo never", "", 1},
		{"explode", "", 127},
		{"exit 3", "", 3},
		{"if then", "", 2},
		{"cat /nowhere", "", 1},
		{"echo x > /nowhere/y", "", 1},
	} {
		out := run(t, web(newClock()), c.script)
		if out.Stdout != c.want || out.Exit != c.exit {
			t.Errorf("%s\ngot  %q, exit %d, %s\nwant %q, exit %d", c.script, out.Stdout, out.Exit, out.Stderr, c.want, c.exit)
		}
	}
}

func TestPackagesAreInstalled(t *testing.T) {
	m := web(newClock())
	before := run(t, m, "sha256sum /usr/sbin/nginx").Stdout
	if out := run(t, m, "apt-get update && apt-get install -y nginx=1.26.2 && nginx -v"); out.Exit != 0 || !strings.Contains(out.Stderr, "nginx/1.26.2") {
		t.Errorf("got %+v", out)
	}
	if after := run(t, m, "sha256sum /usr/sbin/nginx").Stdout; after == before {
		t.Error("the program is the same after the package changed")
	}
	if out := run(t, m, "apt-get install -y nginx=9.9"); out.Exit != 100 || !strings.Contains(out.Stderr, "Version '9.9' for 'nginx' was not found") {
		t.Errorf("got %+v for a version nobody has", out)
	}
	if out := run(t, m, "apt-get install -y nothing"); out.Exit != 100 {
		t.Errorf("got %+v for a package nobody has", out)
	}
	if out := run(t, m, "apt-get -y upgrade && dpkg-query -W -f '${Version}' openssl"); !strings.HasSuffix(out.Stdout, "3.0.13-0ubuntu3.7") {
		t.Errorf("got %+v after an upgrade", out)
	}
	amazon := machine.New("db", machine.Amazon(), nil)
	if out := run(t, amazon, "dnf install -y nginx-1.26.2 >/dev/null; rpm -q --qf '%{NAME} %{VERSION}-%{RELEASE} %{ARCH}\\n' nginx"); out.Stdout != "nginx 1.26.2-1.amzn2023 x86_64\n" {
		t.Errorf("got %+v", out)
	}
	if out := run(t, amazon, "iptables -A INPUT -p tcp --dport 80 -j ACCEPT; iptables-save | grep -c ACCEPT"); out.Stdout != "5\n" {
		t.Errorf("got %+v from the firewall", out)
	}
}

func TestImagesHoldTheDisk(t *testing.T) {
	c := newClock()
	m := web(c)
	run(t, m, "echo one > /srv-one; sync; echo two > /srv-two; rm /srv-one; apt-get install -y htop; echo three > /etc/three; echo four >> /etc/hosts")
	whole, torn := m.Image(true), m.Image(false)
	if got := content(whole, "/etc/three"); got != "three\n" {
		t.Errorf("got %q in the image of a machine that stopped for it", got)
	}
	if got := content(torn, "/etc/three"); got != "" {
		t.Errorf("got %q in the image of a machine that ran on, want nothing: it was not synced", got)
	}
	if got := content(torn, "/etc/hosts"); got != "127.0.0.1 localhost\n" {
		t.Errorf("got %q, want what was there before the last write", got)
	}
	if torn.Package("htop") == "" || content(torn, "/srv-two") != "two\n" {
		t.Error("what the package manager synced is missing")
	}
	c.now = c.now.Add(time.Minute)
	if got := content(m.Image(false), "/etc/three"); got != "three\n" {
		t.Errorf("got %q a minute later, want what has reached the disk by now", got)
	}
	run(t, machine.New("twin", whole, nil), "echo changed > /etc/three")
	if got := content(whole, "/etc/three"); got != "three\n" {
		t.Errorf("a machine wrote into the image that it was made from: %q", got)
	}
}

func content(d *machine.Disk, name string) string {
	text, _ := d.Content(name)
	return text
}

func TestRebootsAndNewRoots(t *testing.T) {
	m := web(newClock())
	run(t, m, "systemctl stop nginx; systemctl disable chrony; nft flush ruleset; echo keep > /data/kept; echo gone > /etc/gone; echo x > /tmp/x")
	m.Reboot()
	if out := run(t, m, "systemctl is-active nginx; systemctl is-active chrony; nft list ruleset | grep -c accept; ls /tmp"); out.Stdout != "active\ninactive\n3\n" {
		t.Errorf("after a reboot: got %q", out.Stdout)
	}
	m.Replace(machine.Ubuntu().WebServer("1.26.2", "web"))
	if out := run(t, m, "cat /data/kept /etc/gone; nginx -v"); out.Stdout != "keep\n" || !strings.Contains(out.Stderr, "1.26.2") {
		t.Errorf("after a new root disk: got %+v", out)
	}
}

func TestNothingOfTheHostIsReached(t *testing.T) {
	dir := t.TempDir()
	secret := filepath.Join(dir, "secret")
	if err := os.WriteFile(secret, []byte("of the host"), 0o600); err != nil {
		t.Fatal(err)
	}
	mine, err := os.ReadFile("/etc/passwd")
	if err != nil {
		mine = []byte("of the host")
	}
	program := filepath.Join(dir, "program")
	if err := os.WriteFile(program, []byte("#!/bin/sh\ntouch "+dir+"/made\n"), 0o700); err != nil { //nolint:gosec // it must be a program
		t.Fatal(err)
	}
	t.Setenv("AMIRAL_OF_THE_HOST", "of the host")
	for _, script := range []string{
		"cat /etc/passwd", "cat " + secret, "cat < " + secret, "x=$(cat " + secret + "); echo \"$x\"", "x=$(< " + secret + "); echo \"$x\"",
		"sh -c 'cat " + secret + "'", "bash -c 'cat <(cat " + secret + ")'", "eval 'cat <(cat " + secret + ")'", "echo " + dir + "/*", "ls " + dir,
		"cd " + dir + " && pwd -P && ls", "test -e " + secret + " && echo of the host", "[ -r " + secret + " ] && echo of the host",
		"bash -c '[[ -O " + secret + " ]] && echo of the host'", ". " + secret, "source " + secret, program, "exec " + program, "command " + program,
		"command -p " + program, "builtin exec " + program, "env " + program, "xargs " + program + " </dev/null", "find / -exec " + program + " \\;",
		"echo x > " + dir + "/made", "echo x | tee " + dir + "/made", "cp /etc/hostname " + dir + "/made", "mkdir -p " + dir + "/made",
		"printf x >> " + dir + "/made", "echo x > /tmp/sh-interp-made", "TMPDIR=" + dir + " bash -c 'cat <(echo x)'", "export TMPDIR=" + dir + "; echo x > " + dir + "/sh-interp-made",
		"echo $AMIRAL_OF_THE_HOST", "env", "printenv", "read x < " + secret + "; echo $x", "command -v " + program + " && echo of the host", "type " + program,
		"hash " + program, "trap 'cat " + secret + "' EXIT", "cat ~nobody/x; echo ~root", "echo $UID", "python3 -c 'print(1)'", "kill -9 1", "mapfile -t a < " + secret + "; echo $a",
		"sed -i s/a/b/ " + secret, "chmod 777 " + secret, "rm -rf " + dir, "dd if=" + secret, "curl file://" + secret, "curl http://127.0.0.1:1/",
	} {
		out := run(t, web(newClock()), script)
		if text := out.Stdout + out.Stderr; strings.Contains(text, "of the host") && !strings.Contains(script, "of the host") || strings.Contains(out.Stdout, "of the host") || strings.Contains(text, string(mine)) {
			t.Errorf("%s\nprinted what is not of the machine: %+v", script, out)
		}
		entries, err := os.ReadDir(dir)
		if err != nil || len(entries) != 2 {
			t.Fatalf("%s\nchanged the host: %v, %v", script, entries, err)
		}
		if text, _ := os.ReadFile(secret); string(text) != "of the host" {
			t.Fatalf("%s\nwrote to the host", script)
		}
		if _, err := os.Stat("/tmp/sh-interp-made"); err == nil {
			t.Fatalf("%s\nwrote to the host's temporary files", script)
		}
	}
}

func TestScriptsEnd(t *testing.T) {
	m := web(newClock())
	if out := run(t, m, "sleep 600; echo done"); out.Stdout != "done\n" || out.Took != 10*time.Minute {
		t.Errorf("got %q after %s, want ten minutes of the machine and none of ours", out.Stdout, out.Took)
	}
	if out := run(t, m, "f() { sh -c 'sh -c \"sh /tmp/again\"'; }; echo 'sh /tmp/again' > /tmp/again; f"); out.Exit == 0 {
		t.Errorf("shells that start shells for ever: got %+v", out)
	}
	if out := run(t, m, "while :; do echo yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy; done"); out.Exit != 137 || len(out.Stdout) > 5<<20 {
		t.Errorf("got exit %d after %d letters", out.Exit, len(out.Stdout))
	}
}
