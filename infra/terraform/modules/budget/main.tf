# Says when money runs away; it stops nothing. A night's own limit is `max_gpu_hours` of its corpus.
resource "google_monitoring_notification_channel" "email" {
  for_each     = toset(var.emails)
  project      = var.project
  display_name = "af3-archive budget: ${each.key}"
  type         = "email"
  labels = {
    email_address = each.key
  }
}

data "google_project" "this" {
  project_id = var.project
}

resource "google_billing_budget" "this" {
  billing_account = var.billing_account
  display_name    = "af3-archive: ${var.project}"

  budget_filter {
    projects               = ["projects/${data.google_project.this.number}"]
    calendar_period        = "MONTH"
    credit_types_treatment = "EXCLUDE_ALL_CREDITS"
  }

  amount {
    specified_amount {
      currency_code = var.currency
      units         = tostring(var.monthly)
    }
  }

  dynamic "threshold_rules" {
    for_each = [0.5, 0.9, 1.0]
    content {
      threshold_percent = threshold_rules.value
      spend_basis       = "CURRENT_SPEND"
    }
  }

  threshold_rules {
    threshold_percent = 1.0
    spend_basis       = "FORECASTED_SPEND"
  }

  all_updates_rule {
    monitoring_notification_channels = [for channel in google_monitoring_notification_channel.email : channel.id]
    disable_default_iam_recipients   = length(var.emails) > 0
  }
}
