package awssim

import (
	"slices"
	"time"
)

// usageReport counts who uses an image, in whatever account; only the image's owner can ask for one.
type usageReport struct {
	fleet     *Fleet
	id, image string
	kinds     []string
	accounts  []string
	created   time.Time
	tags      tags
	entries   []usageEntry // as they were when the report was made
}

// usageEntry counts the things of one kind in one account.
type usageEntry struct {
	report        *usageReport
	account, kind string
	count         int
}

// reportFor is how long a report is pending, and reportKept how long it can be read.
const (
	reportFor  = 45 * time.Second
	reportKept = 30 * 24 * time.Hour
)

func usageReportActions() map[string]action {
	return map[string]action{
		"CreateImageUsageReport":          createImageUsageReport,
		"DescribeImageUsageReports":       describeImageUsageReports,
		"DescribeImageUsageReportEntries": describeImageUsageReportEntries,
		"DeleteImageUsageReport":          deleteImageUsageReport,
	}
}

func createImageUsageReport(k *call) ([]elem, error) {
	img, err := k.ownImage()
	if err != nil {
		return nil, err
	}
	requests := k.p.list("ResourceType")
	if len(requests) == 0 {
		return nil, k.need("ResourceType")
	}
	var kinds []string
	for _, request := range requests {
		kind := request.str("ResourceType")
		if kind != referInstance && kind != referTemplate {
			return nil, refuse("InvalidParameterValue", "Value (%s) for parameter ResourceType is invalid.", kind)
		}
		kinds = append(kinds, kind)
	}
	return k.once(func() (func() []elem, error) {
		if err := k.ready(); err != nil {
			return nil, err
		}
		r := &usageReport{fleet: k.fleet, id: k.cloud.id("iur"), image: img.id, kinds: kinds, accounts: k.p.strs("AccountId"),
			created: k.cloud.now, tags: tagsFrom(k.p, "image-usage-report")}
		r.take()
		k.fleet.reports = append(k.fleet.reports, r)
		return func() []elem { return []elem{text("reportId", r.id)} }, nil
	})
}

// take counts.
func (r *usageReport) take() {
	for _, a := range sortedValues(r.fleet.cloud.accounts) {
		f := a.regions[r.fleet.region]
		if f == nil || len(r.accounts) > 0 && !slices.Contains(r.accounts, a.id) {
			continue
		}
		for _, kind := range r.kinds {
			if n := f.uses(r.image, kind); n > 0 {
				r.entries = append(r.entries, usageEntry{r, a.id, kind, n})
			}
		}
	}
}

// uses counts the things of one kind that use an image.
func (f *Fleet) uses(id, kind string) int {
	n := 0
	for _, i := range f.instances {
		if kind == referInstance && i.image == id && i.state != Terminated {
			n++
		}
	}
	for _, t := range f.templates {
		if kind == referTemplate && t.mentions(id, maxVersions) {
			n++
		}
	}
	return n
}

func (r *usageReport) state() string {
	if r.fleet.cloud.now.Before(r.created.Add(reportFor)) {
		return "pending"
	}
	return "available"
}

// usageReports are the reports that a request is about.
func (k *call) usageReports() ([]*usageReport, error) {
	ids, images := k.p.strs("ReportId"), k.p.strs("ImageId")
	var all []*usageReport
	for _, r := range k.fleet.reports {
		if k.cloud.now.Before(r.created.Add(reportKept)) && (len(ids) == 0 || slices.Contains(ids, r.id)) &&
			(len(images) == 0 || slices.Contains(images, r.image)) {
			all = append(all, r)
		}
	}
	if len(all) < len(ids) {
		return nil, refuse("InvalidImageUsageReportId.NotFound", "The image usage report ID '%s' does not exist", ids[0])
	}
	return all, nil
}

func describeImageUsageReports(k *call) ([]elem, error) {
	all, err := k.usageReports()
	if err != nil {
		return nil, err
	}
	all, err = sift(all, k.filters(), func(r *usageReport) field { return r.field })
	if err != nil {
		return nil, err
	}
	shown, next, err := page(k, all, ec2Page, 500, 500)
	if err != nil {
		return nil, err
	}
	return []elem{set("imageUsageReportSet", shown, (*usageReport).elems), text("nextToken", next)}, nil
}

func (r *usageReport) elems() []elem {
	return []elem{
		text("imageId", r.image),
		text("reportId", r.id),
		set("resourceTypeSet", r.kinds, func(kind string) []elem { return []elem{text("resourceType", kind)} }),
		texts("accountIdSet", "item", r.accounts),
		text("state", r.state()),
		when("creationTime", r.created),
		when("expirationTime", r.created.Add(reportKept)),
		r.tags.elem(),
	}
}

func (r *usageReport) field(name string) ([]string, bool) {
	switch name {
	case "state":
		return []string{r.state()}, true
	case "creation-time":
		return []string{r.created.UTC().Format(stamp)}, true
	}
	return r.tags.field(name)
}

// describeImageUsageReportEntries shows nothing of a report that is not ready.
func describeImageUsageReportEntries(k *call) ([]elem, error) {
	reports, err := k.usageReports()
	if err != nil {
		return nil, err
	}
	var all []usageEntry
	for _, r := range reports {
		if r.state() == "available" {
			all = append(all, r.entries...)
		}
	}
	all, err = sift(all, k.filters(), func(e usageEntry) field { return e.field })
	if err != nil {
		return nil, err
	}
	shown, next, err := page(k, all, ec2Page, 500, 500)
	if err != nil {
		return nil, err
	}
	return []elem{set("imageUsageReportEntrySet", shown, func(e usageEntry) []elem {
		return []elem{text("resourceType", e.kind), text("reportId", e.report.id), num("usageCount", e.count), text("accountId", e.account),
			text("imageId", e.report.image), when("reportCreationTime", e.report.created)}
	}), text("nextToken", next)}, nil
}

func (e usageEntry) field(name string) ([]string, bool) {
	switch name {
	case "account-id":
		return []string{e.account}, true
	case "resource-type":
		return []string{e.kind}, true
	}
	return nil, false
}

func deleteImageUsageReport(k *call) ([]elem, error) {
	found, err := k.usageReports()
	if err != nil || !k.p.has("ReportId") {
		return nil, err
	}
	if err := k.ready(); err != nil {
		return nil, err
	}
	k.fleet.reports = slices.DeleteFunc(k.fleet.reports, func(r *usageReport) bool { return r == found[0] })
	return []elem{flag("return", true)}, nil
}
