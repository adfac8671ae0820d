package baseline

import "strings"

// Limit is how many characters of a script's output Systems Manager lets through.
const Limit = 24000

// largest is the size of a file, in bytes, above which its content is not read.
const largest = 64 << 20

// Scripts are the parts that a script is sent for. That of the packages tells about the system, too, and that of the
// services about the firewall.
func Scripts() []Part { return []Part{Packages, Files, Services} }

// Script is what a machine is sent to tell about a part: lines for a POSIX shell. It writes nothing to any disk.
// What it prints is one line of gzip in base64, with its length before it and a line behind it by which it can be
// told that it came whole.
func Script(part Part, globs []string) []string {
	body := map[Part][]string{Packages: packageScript(), Files: fileScript(globs), Services: serviceScript()}[part]
	lines := append([]string{"collect() {"}, body...)
	return append(lines, "}",
		`out=$(collect 2>/dev/null </dev/null | gzip -9 | base64 | tr -d '\n')`,
		`printf '`+head+` `+string(part)+` %s\n%s\n`+tail+`\n' "${#out}" "$out"`)
}

// head and tail are around what a script prints.
const (
	head = "amiral-baseline 1"
	tail = "end"
)

func packageScript() []string {
	return []string{
		`printf 'kernel\t%s\n' "$(uname -r)"`,
		`printf 'arch\t%s\n' "$(uname -m)"`,
		`sed -n 's/^PRETTY_NAME=/os\t/p' /etc/os-release`,
		`if command -v dpkg-query >/dev/null; then`,
		`  echo dpkg`,
		`  dpkg-query -W -f '${db:Status-Abbrev}\t${Package}\t${Version}\t${Architecture}\n'`,
		`elif command -v rpm >/dev/null; then`,
		`  echo rpm`,
		`  rpm -qa --qf 'ii\t%{NAME}\t%|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE}\t%{ARCH}\n'`,
		`fi`,
	}
}

func fileScript(globs []string) []string {
	words := make([]string, len(globs))
	for i, g := range globs {
		words[i] = word(g)
	}
	return []string{
		`for f in ` + strings.Join(words, " ") + `; do`,
		`  if [ -h "$f" ]; then`,
		`    printf 'link\t%s\t%s\n' "$f" "$(readlink "$f")"`,
		`  elif [ -f "$f" ]; then`,
		`    about=$(stat -c '%s	%a	%U:%G' "$f") || continue`,
		`    sum=`,
		`    if [ "${about%%	*}" -le ` + decimal(largest) + ` ]; then sum=$(sha256sum <"$f"); fi`,
		`    printf 'file\t%s\t%s\t%s\n' "$f" "${sum%% *}" "$about"`,
		`  fi`,
		`done`,
	}
}

func serviceScript() []string {
	return []string{
		`if command -v systemctl >/dev/null; then`,
		`  echo systemd`,
		`  systemctl list-unit-files --type=service --no-legend --no-pager --plain | sed 's/^/unit /'`,
		`  systemctl list-units --type=service --state=active --no-legend --no-pager --plain | sed 's/^/active /'`,
		`fi`,
		`if command -v nft >/dev/null; then echo 'tool nft'; nft -s list ruleset | sed 's/^/nft /'; fi`,
		`if command -v iptables-save >/dev/null; then echo 'tool iptables'; iptables-save | sed 's/^/iptables /'; fi`,
		`if command -v ip6tables-save >/dev/null; then echo 'tool ip6tables'; ip6tables-save | sed 's/^/ip6tables /'; fi`,
		`if command -v ufw >/dev/null; then echo 'tool ufw'; LC_ALL=C ufw status verbose | sed 's/^/ufw /'; fi`,
	}
}

// word is a pattern as a shell takes it: what means something to it is escaped, apart from what makes a pattern.
func word(glob string) string {
	var b strings.Builder
	for _, r := range glob {
		if r < ' ' {
			continue
		}
		if r < 0x80 && !strings.ContainsRune("/*?[]-_.,:@%+=^!", r) && !letter(r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

func letter(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
}
