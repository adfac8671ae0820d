package cloud

import (
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/internal/fleet"
)

// printed is a value in a form that can be compared.
func printed(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// wantForm compares the part of a form under a prefix.
func wantForm(t *testing.T, form url.Values, prefix string, want map[string]string) {
	t.Helper()
	for key := range form {
		short, ok := strings.CutPrefix(key, prefix)
		if !ok {
			continue
		}
		if got := form.Get(key); got != want[short] {
			t.Errorf("%s: got %q, want %q", key, got, want[short])
		}
		delete(want, short)
	}
	for _, key := range slices.Sorted(maps.Keys(want)) {
		t.Errorf("%s%s: got nothing, want %q", prefix, key, want[key])
	}
}

const started = `<StartInstanceRefreshResponse><StartInstanceRefreshResult><InstanceRefreshId>r-1</InstanceRefreshId>` +
	`</StartInstanceRefreshResult></StartInstanceRefreshResponse>`

func TestRefreshSendsEveryNumber(t *testing.T) {
	c, w := client(t, script{
		"DescribeAutoScalingGroups": always(groupsAnswer("", plainGroup)),
		"StartInstanceRefresh":      always(started),
	})
	id, err := c.StartRefresh(t.Context(), fleet.RefreshOrder{
		Group: "web", Template: fleet.TemplateRef{ID: "lt-1", Name: "web", Version: "8"}, MaxHealthy: 100,
	})
	if err != nil || id != "r-1" {
		t.Fatalf("got %q, %v, want r-1", id, err)
	}
	wantForm(t, w.of("StartInstanceRefresh")[0].Form, "", map[string]string{
		"Action": "StartInstanceRefresh", "Version": "2011-01-01", "AutoScalingGroupName": "web", "Strategy": "Rolling",
		"DesiredConfiguration.LaunchTemplate.LaunchTemplateId": "lt-1",
		"DesiredConfiguration.LaunchTemplate.Version":          "8",
		"Preferences.MinHealthyPercentage":                     "0", "Preferences.MaxHealthyPercentage": "100",
		"Preferences.BakeTime": "0", "Preferences.AutoRollback": "false", "Preferences.SkipMatching": "false",
		"Preferences.StandbyInstances": "Ignore", "Preferences.ScaleInProtectedInstances": "Ignore",
	})
}

func TestRefreshSendsWhatWasOrdered(t *testing.T) {
	c, w := client(t, script{
		"DescribeAutoScalingGroups": always(groupsAnswer("", plainGroup)),
		"StartInstanceRefresh":      always(started),
	})
	warmup := 90 * time.Second
	_, err := c.StartRefresh(t.Context(), fleet.RefreshOrder{
		Group: "web", Template: fleet.TemplateRef{Name: "web", Version: "8"}, MinHealthy: 90, MaxHealthy: 120, Warmup: &warmup,
		Checkpoints: []int{10, 100}, CheckpointDelay: 48 * time.Hour, Bake: 10 * time.Minute, Alarms: []string{"5xx"},
		AutoRollback: true, SkipMatching: true, Standby: "Wait", Protected: "Refresh",
	})
	if err != nil {
		t.Fatal(err)
	}
	form := w.of("StartInstanceRefresh")[0].Form
	wantForm(t, form, "DesiredConfiguration.", map[string]string{
		"LaunchTemplate.LaunchTemplateName": "web", "LaunchTemplate.Version": "8",
	})
	wantForm(t, form, "Preferences.", map[string]string{
		"MinHealthyPercentage": "90", "MaxHealthyPercentage": "120", "InstanceWarmup": "90", "BakeTime": "600",
		"CheckpointPercentages.member.1": "10", "CheckpointPercentages.member.2": "100", "CheckpointDelay": "172800",
		"AlarmSpecification.Alarms.member.1": "5xx", "AutoRollback": "true", "SkipMatching": "true",
		"StandbyInstances": "Wait", "ScaleInProtectedInstances": "Refresh",
	})
}

func TestGroupOfALaunchConfigurationIsLeftAlone(t *testing.T) {
	c, w := client(t, script{
		"DescribeAutoScalingGroups": always(groupsAnswer("", `<member><AutoScalingGroupName>old</AutoScalingGroupName>
			<LaunchConfigurationName>old-1</LaunchConfigurationName></member>`)),
		"StartInstanceRefresh": always(started),
	})
	_, err := c.StartRefresh(t.Context(), fleet.RefreshOrder{Group: "old", Template: fleet.TemplateRef{ID: "lt-1", Version: "8"}})
	wantKind(t, err, fleet.Rejected, "autoscaling:StartInstanceRefresh")
	if sent := w.of("StartInstanceRefresh"); len(sent) != 0 {
		t.Errorf("got %v, want nothing started", sent)
	}
}

const mixedGroup = `<member><AutoScalingGroupName>batch</AutoScalingGroupName><MixedInstancesPolicy>
<LaunchTemplate>
 <LaunchTemplateSpecification><LaunchTemplateId>lt-1</LaunchTemplateId><LaunchTemplateName>batch</LaunchTemplateName><Version>7</Version></LaunchTemplateSpecification>
 <Overrides>
  <member><InstanceType>m5.large</InstanceType><WeightedCapacity>2</WeightedCapacity></member>
  <member><InstanceType>m6g.large</InstanceType><ImageId>ami-arm</ImageId><LaunchTemplateSpecification>
   <LaunchTemplateId>lt-2</LaunchTemplateId><LaunchTemplateName>batch-arm</LaunchTemplateName><Version>3</Version></LaunchTemplateSpecification></member>
  <member><InstanceRequirements><VCpuCount><Min>2</Min></VCpuCount><MemoryMiB><Min>4096</Min></MemoryMiB>
   <ExcludedInstanceTypes><member>t2.*</member></ExcludedInstanceTypes></InstanceRequirements></member>
 </Overrides>
</LaunchTemplate>
<InstancesDistribution><OnDemandAllocationStrategy>prioritized</OnDemandAllocationStrategy><OnDemandBaseCapacity>0</OnDemandBaseCapacity>
<OnDemandPercentageAboveBaseCapacity>20</OnDemandPercentageAboveBaseCapacity><SpotAllocationStrategy>price-capacity-optimized</SpotAllocationStrategy>
<SpotMaxPrice>0.1</SpotMaxPrice></InstancesDistribution></MixedInstancesPolicy></member>`

func TestMixedPolicyIsSentBackWhole(t *testing.T) {
	c, w := client(t, script{
		"DescribeAutoScalingGroups": always(groupsAnswer("", mixedGroup)),
		"StartInstanceRefresh":      always(started),
	})
	_, err := c.StartRefresh(t.Context(), fleet.RefreshOrder{
		Group: "batch", Template: fleet.TemplateRef{ID: "lt-1", Version: "8"}, MinHealthy: 90, MaxHealthy: 110,
	})
	if err != nil {
		t.Fatal(err)
	}
	wantForm(t, w.of("StartInstanceRefresh")[0].Form, "DesiredConfiguration.", map[string]string{
		"MixedInstancesPolicy.LaunchTemplate.LaunchTemplateSpecification.LaunchTemplateId":                           "lt-1",
		"MixedInstancesPolicy.LaunchTemplate.LaunchTemplateSpecification.Version":                                    "8",
		"MixedInstancesPolicy.LaunchTemplate.Overrides.member.1.InstanceType":                                        "m5.large",
		"MixedInstancesPolicy.LaunchTemplate.Overrides.member.1.WeightedCapacity":                                    "2",
		"MixedInstancesPolicy.LaunchTemplate.Overrides.member.2.InstanceType":                                        "m6g.large",
		"MixedInstancesPolicy.LaunchTemplate.Overrides.member.2.ImageId":                                             "ami-arm",
		"MixedInstancesPolicy.LaunchTemplate.Overrides.member.2.LaunchTemplateSpecification.LaunchTemplateId":        "lt-2",
		"MixedInstancesPolicy.LaunchTemplate.Overrides.member.2.LaunchTemplateSpecification.Version":                 "3",
		"MixedInstancesPolicy.LaunchTemplate.Overrides.member.3.InstanceRequirements.VCpuCount.Min":                  "2",
		"MixedInstancesPolicy.LaunchTemplate.Overrides.member.3.InstanceRequirements.MemoryMiB.Min":                  "4096",
		"MixedInstancesPolicy.LaunchTemplate.Overrides.member.3.InstanceRequirements.ExcludedInstanceTypes.member.1": "t2.*",
		"MixedInstancesPolicy.InstancesDistribution.OnDemandAllocationStrategy":                                      "prioritized",
		"MixedInstancesPolicy.InstancesDistribution.OnDemandBaseCapacity":                                            "0",
		"MixedInstancesPolicy.InstancesDistribution.OnDemandPercentageAboveBaseCapacity":                             "20",
		"MixedInstancesPolicy.InstancesDistribution.SpotAllocationStrategy":                                          "price-capacity-optimized",
		"MixedInstancesPolicy.InstancesDistribution.SpotMaxPrice":                                                    "0.1",
	})
}

func TestMixedPolicyIsShown(t *testing.T) {
	c, _ := client(t, script{"DescribeAutoScalingGroups": always(groupsAnswer("", mixedGroup))})
	got, err := c.Group(t.Context(), "batch")
	if err != nil {
		t.Fatal(err)
	}
	want := &fleet.Mixed{
		Template:  fleet.TemplateRef{ID: "lt-1", Name: "batch", Version: "7"},
		Types:     []string{"m5.large", "m6g.large"},
		Images:    []fleet.ImageID{"ami-arm"},
		Templates: []fleet.TemplateRef{{ID: "lt-2", Name: "batch-arm", Version: "3"}},
		Summary: map[string]string{
			"OnDemandAllocationStrategy": "prioritized", "OnDemandBaseCapacity": "0",
			"OnDemandPercentageAboveBaseCapacity": "20", "SpotAllocationStrategy": "price-capacity-optimized",
			"SpotMaxPrice": "0.1",
		},
	}
	if got, want := printed(t, got.Mixed), printed(t, want); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	if got.Ref() != want.Template {
		t.Errorf("got %v, want the policy's template", got.Ref())
	}
}

func TestRefreshesTellWhatTheyBring(t *testing.T) {
	c, _ := client(t, script{"DescribeInstanceRefreshes": always(`<DescribeInstanceRefreshesResponse><DescribeInstanceRefreshesResult>
<InstanceRefreshes>
<member><InstanceRefreshId>r-3</InstanceRefreshId><AutoScalingGroupName>web</AutoScalingGroupName><Status>RollbackInProgress</Status>
 <StatusReason>Rolling back.</StatusReason><PercentageComplete>40</PercentageComplete><InstancesToUpdate>6</InstancesToUpdate>
 <StartTime>2026-03-04T05:06:07Z</StartTime><DesiredConfiguration><MixedInstancesPolicy><LaunchTemplate><LaunchTemplateSpecification>
 <LaunchTemplateId>lt-1</LaunchTemplateId><Version>8</Version></LaunchTemplateSpecification></LaunchTemplate></MixedInstancesPolicy></DesiredConfiguration>
 <RollbackDetails><RollbackReason>alarm</RollbackReason><RollbackStartTime>2026-03-04T05:10:07Z</RollbackStartTime></RollbackDetails></member>
<member><InstanceRefreshId>r-2</InstanceRefreshId><Status>Successful</Status><EndTime>2026-03-03T05:06:07Z</EndTime><DesiredConfiguration>
 <LaunchTemplate><LaunchTemplateId>lt-1</LaunchTemplateId><Version>7</Version></LaunchTemplate></DesiredConfiguration></member>
<member><InstanceRefreshId>r-1</InstanceRefreshId><Status>Cancelled</Status></member>
</InstanceRefreshes></DescribeInstanceRefreshesResult></DescribeInstanceRefreshesResponse>`)})
	got, err := c.Refreshes(t.Context(), "web")
	if err != nil || len(got) != 3 {
		t.Fatalf("got %v, %v, want three", got, err)
	}
	if r := got[0]; r.Desired.Version != "8" || r.Percent != 40 || r.ToUpdate != 6 || r.Over() ||
		r.RollbackReason != "alarm" || r.RollbackStarted.Minute() != 10 || r.Reason != "Rolling back." {
		t.Errorf("got %+v, want it rolling back from 8 at 40 %%", r)
	}
	if r := got[1]; r.Desired.Version != "7" || r.Ended.IsZero() || !r.Over() {
		t.Errorf("got %+v, want it over, with version 7", r)
	}
	if r := got[2]; r.Desired != (fleet.TemplateRef{}) {
		t.Errorf("got %+v, want no template", r)
	}
}
