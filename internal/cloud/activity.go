package cloud

import (
	"context"
	"encoding/json"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	asg "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"

	"github.com/amiral-ops/amiral/internal/fleet"
)

const (
	activitiesPage  = 100 // the largest page that DescribeScalingActivities gives
	activitiesPages = 5   // as many as anybody will read
)

// Activities returns what the group has done since then, newest first as AWS lists it (activities in
// progress before all others), and no more than five hundred. A zero time means six weeks, which is
// as far as AWS remembers.
func (c *Client) Activities(ctx context.Context, group fleet.GroupName, since time.Time) ([]fleet.Activity, error) {
	in := &autoscaling.DescribeScalingActivitiesInput{
		AutoScalingGroupName: aws.String(string(group)),
		MaxRecords:           aws.Int32(activitiesPage),
	}
	if !since.IsZero() {
		in.Filters = []asg.Filter{{
			Name:   aws.String("StartTimeLowerBound"),
			Values: []string{since.UTC().Format(time.RFC3339)},
		}}
	}
	var activities []fleet.Activity
	read := 0
	for page, err := range pages(ctx, autoscaling.NewDescribeScalingActivitiesPaginator(c.groups, in)) {
		if err != nil {
			return nil, err
		}
		for _, a := range page.Activities {
			activities = append(activities, activityOf(a))
		}
		if read++; read == activitiesPages {
			break
		}
	}
	return activities, nil
}

func activityOf(a asg.Activity) fleet.Activity {
	activity := fleet.Activity{
		ID:          aws.ToString(a.ActivityId),
		Status:      string(a.StatusCode),
		Description: aws.ToString(a.Description),
		Cause:       aws.ToString(a.Cause),
		Message:     aws.ToString(a.StatusMessage),
		Started:     aws.ToTime(a.StartTime),
		Ended:       aws.ToTime(a.EndTime),
		Percent:     number(a.Progress),
	}
	activity.Zone, activity.Subnet = whereabouts(aws.ToString(a.Details))
	return activity
}

// whereabouts reads where an instance was launched from an activity's details, which are JSON in a text. Details that
// say something else say nothing here.
func whereabouts(details string) (zone, subnet string) {
	var where struct {
		Zone   string `json:"Availability Zone"`
		Subnet string `json:"Subnet ID"`
	}
	if json.Unmarshal([]byte(details), &where) != nil {
		return "", ""
	}
	return where.Zone, where.Subnet
}
