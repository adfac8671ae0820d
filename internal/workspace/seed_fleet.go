package workspace

import (
	"errors"
	"fmt"
	"time"

	"github.com/amiral-ops/amiral/internal/workspace/awssim"
)

const (
	productionAccount = "123456789012"
	stagingAccount    = "210987654321"
	region            = "eu-west-1"
	stagingRegion     = "eu-central-1"
	spareRegion       = "us-east-1"
)

// regions are those that both accounts use.
func regions() []string { return []string{region, stagingRegion, spareRegion} }

func environments() []Environment {
	return []Environment{
		{Name: "production", Account: productionAccount, Region: region},
		{Name: "staging", Account: stagingAccount, Region: stagingRegion, Role: "arn:aws:iam::" + stagingAccount + ":role/amiral"},
	}
}

// stock fills the cloud with two accounts worth looking at, in three regions each.
func stock(cloud *awssim.Cloud) error {
	now := cloud.State().Now
	for _, account := range []string{productionAccount, stagingAccount} {
		for _, region := range regions() {
			furnish(cloud.Account(account).Region(region))
		}
	}
	return errors.Join(
		stockProduction(cloud.Account(productionAccount).Region(region), now),
		stockStaging(cloud.Account(stagingAccount).Region(stagingRegion), now),
		configure(cloud),
	)
}

// images are the images both accounts know, oldest first, by their age in days.
func images(now time.Time) []awssim.Image {
	aged := func(days int, image awssim.Image) awssim.Image {
		image.Created = now.AddDate(0, 0, -days)
		if image.State == "" {
			image.State = "available"
		}
		return image
	}
	return []awssim.Image{
		aged(420, awssim.Image{ID: "ami-0dep", Name: "base-2025.9.1", Tags: role("base")}),
		aged(112, awssim.Image{ID: "ami-0ed", Name: "web-2026.8.4", Size: 12, Tags: family("web")}),
		aged(83, awssim.Image{ID: "ami-0ee", Name: "web-2026.9.2", Size: 12, Tags: family("web")}),
		aged(75, awssim.Image{ID: "ami-0ca1", Name: "cache-2026.9.1", Tags: role("cache")}),
		aged(48, awssim.Image{ID: "ami-0arm", Name: "worker-2026.10.1-arm64", Arch: "arm64", Tags: role("worker")}),
		aged(40, awssim.Image{ID: "ami-0d4", Name: "api-2026.10.1", Tags: role("api")}),
		aged(34, awssim.Image{ID: "ami-0a1", Name: "web-2026.10.1", Tags: family("web")}),
		aged(9, awssim.Image{ID: "ami-0bad", Name: "web-2026.11.1-broken", Tags: family("web"), Spoiled: awssim.SpoiledUnhealthy}),
		aged(2, awssim.Image{ID: "ami-0b2", Name: "web-2026.11.2", Tags: family("web")}),
	}
}

func role(name string) map[string]string { return map[string]string{"Role": name} }

// family tags an image as one of a family's, whose role the machines have.
func family(name string) map[string]string {
	return map[string]string{"Role": name, "amiral:family": name}
}

func stockProduction(f *awssim.Fleet, now time.Time) error {
	for _, image := range images(now) {
		f.AddImage(image)
	}
	f.AddImage(awssim.Image{ID: "ami-0c3", Name: "web-2026.11.3", State: "pending", Created: now.Add(-time.Minute), Tags: family("web")})
	web := f.AddTargetGroup("web-tg")
	f.AddAlarm("web-5xx", "OK")
	f.AddAlarm("api-latency", "OK")
	f.AddTemplate(awssim.Template{Name: "web-lt", Versions: webVersions(), Default: 7})
	f.AddTemplate(awssim.Template{Name: "fleet-lt", Versions: versions(2, "ami-0a1", "t3.medium"), Default: 2})
	f.AddTemplate(awssim.Template{Name: "api-lt", Versions: versions(3, "ami-0d4", "m7i.xlarge"), Default: 3})
	f.AddTemplate(awssim.Template{Name: "worker-lt", Versions: versions(12, "ami-0arm", "m7g.large"), Default: 12})
	f.AddTemplate(awssim.Template{Name: "cache-lt", Versions: versions(2, "ami-0ca1", "r7i.large"), Default: 2})
	f.AddTemplate(awssim.Template{Name: "batch-lt", Versions: versions(5, "ami-0dep", "c7i.large"), Default: 5})
	f.AddTemplate(awssim.Template{Name: "legacy-lt", Versions: versions(4, "ami-0dep", "t3.large"), Default: 4})
	return errors.Join(
		f.AddGroup(group("web", "web-lt", "7", 6, 12, 24, func(g *awssim.Group) { g.TargetGroups = []string{web} })),
		f.AddGroup(group("api", "api-lt", "3", 4, 8, 16, nil)),
		f.AddGroup(group("worker", "worker-lt", "12", 4, 20, 40, func(g *awssim.Group) { g.Types = []string{"m7g.large", "m6g.large"} })),
		f.AddGroup(group("cache", "cache-lt", "2", 1, 1, 1, func(g *awssim.Group) { g.Zones = []string{"a"} })),
		f.AddGroup(group("batch", "batch-lt", "5", 0, 6, 12, func(g *awssim.Group) { ownedByStack(g, "nightly-batch") })),
		f.AddGroup(group("legacy", "legacy-lt", "$Latest", 2, 4, 6, nil)),
		f.AddGroup(group("fleet", "fleet-lt", "2", 80, 100, 120, nil)),
		pet(f),
		builder(f),
	)
}

func stockStaging(f *awssim.Fleet, now time.Time) error {
	for _, image := range images(now) {
		f.AddImage(image)
	}
	f.AddTemplate(awssim.Template{Name: "web-lt", Versions: versions(4, "ami-0a1", "t3.medium"), Default: 4})
	f.AddTemplate(awssim.Template{Name: "api-lt", Versions: versions(2, "ami-0d4", "t3.medium"), Default: 2})
	return errors.Join(
		f.AddGroup(group("web", "web-lt", "4", 1, 3, 6, nil)),
		f.AddGroup(group("api", "api-lt", "2", 1, 2, 4, nil)),
	)
}

// versions are n versions of a template, of which the last has the image now in use.
func versions(n int, image, kind string) []awssim.TemplateVersion {
	all := make([]awssim.TemplateVersion, n)
	for i := range all {
		all[i] = awssim.TemplateVersion{Image: image, Type: kind, Description: fmt.Sprintf("release %d", i+1), Data: settings(image)}
	}
	return all
}

// webVersions are the releases of the web servers; only the third still names an image that nothing else does.
func webVersions() []awssim.TemplateVersion {
	all := versions(7, "ami-0a1", "m7i.large")
	all[2].Image = "ami-0ee"
	return all
}

func group(name, template, version string, least, desired, most int, change func(*awssim.Group)) awssim.Group {
	warmup := time.Minute
	g := awssim.Group{
		Name: name, Template: template, Version: version, Min: least, Desired: desired, Max: most,
		Grace: time.Minute, Warmup: &warmup, Tags: map[string]string{"Name": name, "Role": name},
	}
	if change != nil {
		change(&g)
	}
	return g
}

// ownedByStack tags a group as CloudFormation does.
func ownedByStack(g *awssim.Group, stack string) {
	g.Tags["aws:cloudformation:stack-name"] = stack
	g.Tags["aws:cloudformation:logical-id"] = "Group"
	g.Tags["aws:cloudformation:stack-id"] = "arn:aws:cloudformation:" + region + ":" + productionAccount + ":stack/" + stack + "/local"
}

// pet adds the one server that stands on its own.
func pet(f *awssim.Fleet) error {
	_, err := f.AddInstance(awssim.Instance{Name: "pet-1", Image: "ami-0dep", Type: "t3.large", Tags: role("pet")})
	return err
}

// builder adds the server that the next web image is made on: it is like those of the group, and in none.
func builder(f *awssim.Fleet) error {
	_, err := f.AddInstance(awssim.Instance{Name: "web-builder", Template: "web-lt", Version: "7", Zone: "b",
		Tags: map[string]string{"Role": "web", "Purpose": "builder"}})
	return err
}

// configure does on the builder what somebody has done there by hand.
func configure(cloud *awssim.Cloud) error {
	out, ok := cloud.Play("web-builder",
		"mkdir -p /etc/nginx/conf.d",
		"printf 'gzip on;\\nkeepalive_timeout 65;\\nclient_max_body_size 16m;\\n' > /etc/nginx/conf.d/shop.conf",
		"sed -i 's/worker_connections 1024/worker_connections 4096/' /etc/nginx/nginx.conf",
		"nginx -t && systemctl reload nginx && sync")
	if !ok || out.Exit != 0 {
		return fmt.Errorf("configure web-builder: exit %d: %s", out.Exit, out.Stderr)
	}
	return nil
}
