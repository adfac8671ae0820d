package workspace

import (
	"context"
	"strings"
	"time"

	"github.com/amiral-ops/amiral/internal/workspace/awssim"
	"github.com/amiral-ops/amiral/internal/workspace/machine"
)

// machines are the insides of the cloud's servers. A server is only furnished once somebody looks inside, or makes an
// image of it; until then what is on it is what is in its image. The cloud calls one method at a time, held.
type machines struct {
	running map[string]*machine.Machine // by instance
	disks   map[string]*machine.Disk    // by image, of those that were made of machines
	now     time.Time
}

func newMachines() *machines {
	return &machines{running: map[string]*machine.Machine{}, disks: map[string]*machine.Disk{}}
}

// clock is the time the servers live in: that of the cloud when it last asked.
func (m *machines) clock() time.Time { return m.now }

// run answers a script.
func (m *machines) run(s awssim.Script) awssim.Output {
	m.now = s.Now
	inside := m.running[s.Instance]
	if inside == nil {
		inside = machine.New(s.Host, m.disk(s.From), m.clock)
		m.running[s.Instance] = inside
	}
	out := inside.Run(context.Background(), strings.Join(s.Commands, "\n"))
	return awssim.Output{Stdout: out.Stdout, Stderr: out.Stderr, Exit: out.Exit, Took: out.Took}
}

// disk is what an image holds.
func (m *machines) disk(image awssim.ImageState) *machine.Disk {
	if m.disks[image.ID] == nil {
		m.disks[image.ID] = seededDisk(image)
	}
	return m.disks[image.ID]
}

// changed keeps the insides in step with what happens to disks.
func (m *machines) changed(c awssim.Change) {
	inside := m.running[c.Instance]
	switch c.Kind {
	case awssim.Imaged:
		m.disks[c.Image] = m.disk(c.Source)
		if inside != nil {
			m.disks[c.Image] = inside.Image(c.Whole)
		}
	case awssim.Copied:
		m.disks[c.Image] = m.disk(c.Source)
	case awssim.Restarted:
		if inside != nil {
			inside.Reboot()
		}
	case awssim.Rerooted:
		if inside != nil {
			inside.Replace(m.disk(c.Source))
		}
	case awssim.Ended:
		delete(m.running, c.Instance)
	}
}

// seededDisk furnishes the images that the world begins with, by the role and the release in their names: web-2026.11.2.
func seededDisk(image awssim.ImageState) *machine.Disk {
	var d *machine.Disk
	switch image.Tags["Role"] {
	case "web":
		version := "1.24.0"
		if strings.Contains(image.Name, "2026.11") {
			version = "1.26.1"
		}
		d = machine.Ubuntu().WebServer(version, "web")
	case "api":
		d = machine.Ubuntu().Service("api", "5.3.1", 8080)
	case "cache":
		d = machine.Amazon().Service("redis", "7.0.15-1.amzn2023", 6379)
	case "worker":
		d = machine.Ubuntu().Service("worker", "2.9.0", 0)
	default:
		d = machine.Amazon()
	}
	if image.Arch == "arm64" {
		d.ARM()
	}
	return d
}
