//! tower both ways: services as applications, applications as services.

mod from_service;
mod into_service;

pub use from_service::TowerApp;
pub use into_service::{ApplicationService, ResponseResult, Spawn};
