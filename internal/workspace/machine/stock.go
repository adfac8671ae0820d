package machine

import (
	"fmt"
	"strings"
)

func newDisk() *Disk {
	d := &Disk{Arch: "x86_64", files: map[string]File{}, packages: map[string]Package{}, units: map[string]Unit{}, repository: map[string][]string{}}
	for _, dir := range []string{"/tmp", "/root", "/home", "/data", "/var/log", "/var/tmp", "/run", "/usr/local/bin"} {
		d.Write(dir+"/.keep", "", 0o644)
		delete(d.files, dir+"/.keep")
	}
	d.Write("/etc/passwd", "root:x:0:0:root:/root:/bin/bash\nwww-data:x:33:33:www-data:/var/www:/usr/sbin/nologin\n", 0o644)
	d.Write("/etc/ssh/sshd_config", "PermitRootLogin no\nPasswordAuthentication no\n", 0o600)
	d.Write("/etc/sysctl.d/99-fleet.conf", "net.core.somaxconn = 4096\nvm.swappiness = 10\n", 0o644)
	d.Write("/etc/hosts", "127.0.0.1 localhost\n", 0o644)
	return d
}

// Ubuntu is a server with Ubuntu 24.04, Debian packages and a firewall by nftables.
func Ubuntu() *Disk {
	d := newDisk()
	d.Name, d.Version, d.Kernel = "Ubuntu", "24.04", "6.14.0-1015-aws"
	d.Write("/etc/os-release", "PRETTY_NAME=\"Ubuntu 24.04.3 LTS\"\nNAME=\"Ubuntu\"\nVERSION_ID=\"24.04\"\nID=ubuntu\n", 0o644)
	for name, version := range map[string]string{
		"adduser": "3.137ubuntu1", "apt": "2.7.14build2", "base-files": "13ubuntu10.3", "bash": "5.2.21-2ubuntu4", "ca-certificates": "20240203",
		"chrony": "4.5-1ubuntu4.2", "coreutils": "9.4-3ubuntu6", "curl": "8.5.0-2ubuntu10.6", "dpkg": "1.22.6ubuntu6.5",
		"libc6": "2.39-0ubuntu8.6", "libssl3t64": "3.0.13-0ubuntu3.6", "nftables": "1.0.9-1build1", "openssh-server": "9.6p1-3ubuntu13.13",
		"openssl": "3.0.13-0ubuntu3.6", "python3": "3.12.3-0ubuntu2", "systemd": "255.4-1ubuntu8.10", "tzdata": "2025b-0ubuntu0.24.04.1",
		"amazon-ssm-agent": "3.3.987.0", "linux-image-aws": "6.14.0-1015.15",
	} {
		d.Install(name, version)
	}
	d.Offer("openssl", "3.0.13-0ubuntu3.6", "3.0.13-0ubuntu3.7")
	d.Offer("curl", "8.5.0-2ubuntu10.6", "8.5.0-2ubuntu10.7")
	d.Offer("nginx", "1.24.0", "1.26.1", "1.26.2")
	d.Offer("redis", "7.0.15", "7.2.5")
	d.Offer("htop", "3.3.0-4build1")
	d.Offer("jq", "1.7.1-3build1")
	d.Write("/etc/nftables.conf", nftables, 0o755)
	for _, name := range []string{"ssh", "chrony", "nftables", "amazon-ssm-agent", "cron"} {
		d.Serve(name, Unit{Enabled: true})
	}
	d.Serve("systemd-journald", Unit{Static: true})
	d.Serve("apt-daily", Unit{Static: true})
	return d
}

const nftables = `table inet filter {
	chain input {
		type filter hook input priority filter; policy drop;
		iif "lo" accept
		ct state established,related accept
		tcp dport { 22, 80, 443 } accept
	}
}
`

// Amazon is a server with Amazon Linux 2023, RPM packages and a firewall by iptables.
func Amazon() *Disk {
	d := newDisk()
	d.Name, d.Version, d.Kernel, d.rpm = "Amazon Linux", "2023", "6.1.155-176.282.amzn2023.x86_64", true
	d.Write("/etc/os-release", "PRETTY_NAME=\"Amazon Linux 2023.9.20251027\"\nNAME=\"Amazon Linux\"\nVERSION=\"2023\"\nID=\"amzn\"\n", 0o644)
	for name, version := range map[string]string{
		"bash": "5.2.15-1.amzn2023.0.2", "chrony": "4.3-1.amzn2023.0.4", "coreutils-single": "8.32-30.amzn2023.0.3", "curl-minimal": "8.11.1-4.amzn2023.0.1",
		"glibc": "2.34-196.amzn2023.0.1", "iptables-nft": "1.8.8-3.amzn2023.0.2", "openssh-server": "8.7p1-8.amzn2023.0.15", "openssl": "3.2.2-1.amzn2023.0.1",
		"systemd": "252.23-3.amzn2023", "tzdata": "2025b-1.amzn2023.0.1", "amazon-ssm-agent": "3.3.987.0-1.amzn2023", "python3": "3.9.23-1.amzn2023.0.3",
	} {
		d.Install(name, version)
	}
	d.Offer("openssl", "3.2.2-1.amzn2023.0.1", "3.2.2-1.amzn2023.0.2")
	d.Offer("nginx", "1.24.0-1.amzn2023", "1.26.2-1.amzn2023")
	d.Offer("redis", "7.0.15-1.amzn2023", "7.2.5-1.amzn2023")
	d.Write("/etc/sysconfig/iptables", iptables, 0o600)
	for _, name := range []string{"sshd", "chronyd", "iptables", "amazon-ssm-agent"} {
		d.Serve(name, Unit{Enabled: true})
	}
	d.Serve("systemd-journald", Unit{Static: true})
	return d
}

const iptables = `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`

// ARM makes it a disk for machines with ARM processors.
func (d *Disk) ARM() *Disk {
	d.Arch, d.Kernel = "aarch64", strings.Replace(d.Kernel, "x86_64", "aarch64", 1)
	for name, p := range d.packages {
		p.Arch = d.packageArch()
		d.packages[name] = p
	}
	return d
}

// WebServer makes it a server that answers HTTP by nginx of that version, with the site of that name.
func (d *Disk) WebServer(version, site string) *Disk {
	d.Install("nginx", version)
	d.Serve("nginx", Unit{Enabled: true, Port: 80, About: "A high performance web server and a reverse proxy server"})
	d.Write("/etc/nginx/nginx.conf", "user www-data;\nworker_processes auto;\nevents { worker_connections 1024; }\nhttp { include /etc/nginx/sites-enabled/*; }\n", 0o644)
	d.Write("/etc/nginx/sites-available/"+site, fmt.Sprintf("server {\n\tlisten 80;\n\tserver_name %s.example.com;\n\troot /var/www/html;\n}\n", site), 0o644)
	d.Link("/etc/nginx/sites-enabled/"+site, "/etc/nginx/sites-available/"+site)
	d.Write("/var/www/html/index.html", "<h1>"+site+"</h1>\n", 0o644)
	d.Write("/var/www/html/health", "ok\n", 0o644)
	d.Own("/var/www/html/index.html", "www-data", "www-data")
	d.Own("/var/www/html/health", "www-data", "www-data")
	return d
}

// Service makes it a server that runs one program of its own, configured by a file.
func (d *Disk) Service(name, version string, port int) *Disk {
	d.Install(name, version)
	d.Serve(name, Unit{Enabled: true, Port: port, About: name})
	d.Write("/etc/"+name+"/"+name+".conf", fmt.Sprintf("listen = %d\nworkers = 8\n", port), 0o640)
	return d
}
