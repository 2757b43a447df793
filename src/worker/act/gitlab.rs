//! GitLab's REST interface (v4), as far as authors are told by it.

use std::path::PathBuf;

use reqwest::{Method, Response, StatusCode, Url};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::policyfile::GitlabSettings;
use crate::worker::site::{Caller, Site, Unfit};
use crate::worker::trouble::Trouble;

/// A GitLab.
#[derive(Debug)]
pub(super) struct Gitlab {
    site: Site,
}

/// A project, as far as it matters.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Project {
    pub id: u64,
    pub path_with_namespace: String,
    pub web_url: String,
    /// None while there is nothing in it.
    pub default_branch: Option<String>,
}

/// A merge request or an issue.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Item {
    pub web_url: String,
    #[serde(default)]
    pub description: Option<String>,
}

/// What is to be told.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Told<'a> {
    pub title: &'a str,
    pub description: &'a str,
    /// Whom it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assignee_id: Option<u64>,
}

impl Gitlab {
    pub(super) fn new(settings: &GitlabSettings) -> Result<Self, Unfit> {
        let file = PathBuf::from(&settings.token_file);
        let caller = Caller::Token { header: "private-token", file };
        let private = settings.private_addresses;
        let site = Site::new(&settings.url, caller, settings.ca_file.as_deref(), private)?;
        Ok(Self { site })
    }

    /// A project by its number or its path; none if it is not there, or not for us.
    pub(super) async fn project(&self, id: &str) -> Result<Option<Project>, Trouble> {
        let url = self.address(&["projects", id]);
        let answer = self.site.send(self.site.call(Method::GET, url).await?).await?;
        match answer.status() {
            StatusCode::NOT_FOUND => Ok(None),
            StatusCode::OK => self.read(answer).await.map(Some),
            other => Err(self.site.odd("a project", other)),
        }
    }

    /// The merge requests of a branch, whatever became of them.
    pub(super) async fn merge_requests(
        &self,
        project: &Project,
        branch: &str,
    ) -> Result<Vec<Item>, Trouble> {
        let mut url = self.address(&["projects", &project.id.to_string(), "merge_requests"]);
        url.query_pairs_mut().append_pair("source_branch", branch).append_pair("state", "all");
        self.list(url).await
    }

    /// The issues whose description holds a word, whatever became of them.
    pub(super) async fn issues(&self, project: &Project, word: &str) -> Result<Vec<Item>, Trouble> {
        let mut url = self.address(&["projects", &project.id.to_string(), "issues"]);
        url.query_pairs_mut()
            .append_pair("search", word)
            .append_pair("in", "description")
            .append_pair("scope", "all")
            .append_pair("state", "all");
        self.list(url).await
    }

    /// Makes a branch at the head of another, unless it is there.
    pub(super) async fn branch(
        &self,
        project: &Project,
        name: &str,
        head: &str,
    ) -> Result<(), Trouble> {
        let mut url =
            self.address(&["projects", &project.id.to_string(), "repository", "branches"]);
        url.query_pairs_mut().append_pair("branch", name).append_pair("ref", head);
        let answer = self.site.send(self.site.call(Method::POST, url).await?).await?;
        match answer.status() {
            StatusCode::CREATED => Ok(()),
            status @ StatusCode::BAD_REQUEST => {
                let body = self.site.body(answer).await?;
                let is_there = String::from_utf8_lossy(&body).contains("already exists");
                if is_there { Ok(()) } else { Err(self.site.odd("a new branch", status)) }
            }
            other => Err(self.site.odd("a new branch", other)),
        }
    }

    /// Opens a merge request.
    pub(super) async fn open_merge_request(
        &self,
        project: &Project,
        branch: &str,
        target: &str,
        told: &Told<'_>,
    ) -> Result<Item, Trouble> {
        let url = self.address(&["projects", &project.id.to_string(), "merge_requests"]);
        let body = json!({
            "source_branch": branch,
            "target_branch": target,
            "title": told.title,
            "description": told.description,
            "assignee_id": told.assignee_id,
            "remove_source_branch": true,
        });
        let call = self.site.call(Method::POST, url).await?.json(&body);
        let answer = self.site.send(call).await?;
        match answer.status() {
            StatusCode::CREATED => self.read(answer).await,
            // Somebody opened it a moment ago: the next look finds it.
            StatusCode::CONFLICT => Err(Trouble::Changed),
            other => Err(self.site.odd("a new merge request", other)),
        }
    }

    /// Opens an issue.
    pub(super) async fn open_issue(
        &self,
        project: &Project,
        told: &Told<'_>,
    ) -> Result<Item, Trouble> {
        let url = self.address(&["projects", &project.id.to_string(), "issues"]);
        let answer = self.site.send(self.site.call(Method::POST, url).await?.json(told)).await?;
        match answer.status() {
            StatusCode::CREATED => self.read(answer).await,
            other => Err(self.site.odd("a new issue", other)),
        }
    }

    fn address(&self, segments: &[&str]) -> Url {
        self.site.address(["api", "v4"].into_iter().chain(segments.iter().copied()))
    }

    async fn list(&self, url: Url) -> Result<Vec<Item>, Trouble> {
        let answer = self.site.send(self.site.call(Method::GET, url).await?).await?;
        match answer.status() {
            StatusCode::OK => self.read(answer).await,
            other => Err(self.site.odd("a list", other)),
        }
    }

    async fn read<T: DeserializeOwned>(&self, answer: Response) -> Result<T, Trouble> {
        let body = self.site.body(answer).await?;
        serde_json::from_slice(&body).map_err(|error| {
            Trouble::Failed(format!("`{}` answers what can't be read: {error}", self.site.name()))
        })
    }
}
