//! Tells whoever published an artefact, in the project that its metadata name.
//!
//! Metadata are what the artefact says of itself, so they are believed as far as GitLab agrees:
//! the project's number must be that of its address, and its path one that is allowed. Otherwise
//! the platform team is told.

use super::gitlab::{Gitlab, Project, Told};
use super::text;
use crate::engine::{Enforcement, Globs};
use crate::policyfile::{ActionSettings, GitlabSettings};
use crate::worker::queue::Claim;
use crate::worker::record::{Ended, Open};
use crate::worker::site::Unfit;
use crate::worker::trouble::Trouble;

/// Where authors are told.
#[derive(Debug)]
pub(super) struct Author {
    gitlab: Gitlab,
    projects: Globs,
    platform: String,
    /// Policies that make an issue.
    issue_for: Vec<String>,
}

impl Author {
    pub(super) fn new(settings: &GitlabSettings, actions: &ActionSettings) -> Result<Self, Unfit> {
        Ok(Self {
            gitlab: Gitlab::new(settings)?,
            projects: settings.projects.clone(),
            platform: settings.platform_project.clone(),
            issue_for: actions.issue_for.clone(),
        })
    }

    /// Opens one merge request or one issue, unless it is there already.
    pub(super) async fn tell(&self, claim: &Claim, open: &Open) -> Result<Ended, Trouble> {
        let mark = format!("portcullis-{}", open.mark);
        let title = text::title(open);
        let description = text::description(open, &mark);
        let named = self.named(open).await?;
        let assignee_id =
            open.verdict.metadata.get("GITLAB_USER_ID").and_then(|id| id.parse().ok());
        let assignee_id = named.as_ref().and(assignee_id);
        let told = Told { title: &title, description: &description, assignee_id };
        match named {
            Some(project) if !self.wants_issue(open) => match &project.default_branch {
                Some(head) => self.merge_request(claim, &project, head, &mark, &told).await,
                None => self.issue(claim, &project, &mark, &told).await,
            },
            Some(project) => self.issue(claim, &project, &mark, &told).await,
            None => {
                let project = self.gitlab.project(&self.platform).await?.ok_or_else(|| {
                    Trouble::Failed(format!("there is no project `{}`", self.platform))
                })?;
                self.issue(claim, &project, &mark, &told).await
            }
        }
    }

    /// The project that the metadata name, if GitLab says the same of it.
    async fn named(&self, open: &Open) -> Result<Option<Project>, Trouble> {
        let text = |key| open.verdict.metadata.get(key).map_or("", String::as_str);
        let (id, url) = (text("CI_PROJECT_ID"), text("CI_PROJECT_URL"));
        if id.is_empty() || id.len() > 18 || !id.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(None);
        }
        let project = self.gitlab.project(id).await?;
        Ok(project.filter(|it| it.web_url == url && self.projects.matches(&it.path_with_namespace)))
    }

    /// Whether everything that is wrong is of policies that make an issue.
    fn wants_issue(&self, open: &Open) -> bool {
        let mut faults =
            open.verdict.faults.iter().filter(|it| it.enforcement >= Enforcement::Warn);
        faults.all(|fault| self.issue_for.contains(&fault.policy))
    }

    async fn merge_request(
        &self,
        claim: &Claim,
        project: &Project,
        head: &str,
        mark: &str,
        told: &Told<'_>,
    ) -> Result<Ended, Trouble> {
        // The branch is named by the mark and nothing else is, so it is the marker.
        let there = self.gitlab.merge_requests(project, mark).await?;
        if let Some(item) = there.into_iter().next() {
            return Ok(Ended::Done(item.web_url));
        }
        if !claim.renew().await? {
            return Err(Trouble::Lost);
        }
        self.gitlab.branch(project, mark, head).await?;
        let item = self.gitlab.open_merge_request(project, mark, head, told).await?;
        Ok(Ended::Done(item.web_url))
    }

    async fn issue(
        &self,
        claim: &Claim,
        project: &Project,
        mark: &str,
        told: &Told<'_>,
    ) -> Result<Ended, Trouble> {
        let there = self.gitlab.issues(project, mark).await?;
        let same = |text: &Option<String>| text.as_ref().is_some_and(|it| it.contains(mark));
        if let Some(item) = there.into_iter().find(|item| same(&item.description)) {
            return Ok(Ended::Done(item.web_url));
        }
        if !claim.renew().await? {
            return Err(Trouble::Lost);
        }
        let item = self.gitlab.open_issue(project, told).await?;
        Ok(Ended::Done(item.web_url))
    }
}
