//! Starting a program, and job objects, which are the groups of Windows.
//!
//! A program with a group is started suspended, joins its job, and is resumed then. So everything that it starts is in
//! the job too. The system kills what is in the job when its last handle is closed. Only this process has one, so
//! that happens when the program has ended, when it is killed, and when this process ends in any way.

use std::io;
use std::os::windows::io::AsRawHandle;
use std::os::windows::process::CommandExt;
use std::process::{Child, Command as System};

use process_wrap::std::{JobObject, StdChildWrapper, StdCommandWrap, StdCommandWrapper};
use shared_child::SharedChild;
use win32job::{ExtendedLimitInfo, Job};

use crate::loom::Arc;
use crate::process::command::Command;

/// `CREATE_SUSPENDED`: the program does not run before it is resumed.
const SUSPENDED: u32 = 0x4;

/// `CREATE_NEW_PROCESS_GROUP`: the Ctrl-C of the console does not reach the program.
const NEW_GROUP: u32 = 0x200;

/// A program that was started.
pub(in crate::process) struct Spawned {
    pub(super) child: SharedChild,
    /// The job of a group. Dropping it kills what is left in it.
    pub(super) job: Option<Job>,
}

/// Starts a program, in a job if it leads a group.
pub(in crate::process) fn spawn(system: &mut System, command: &Command) -> io::Result<Spawned> {
    if !command.group {
        let child = SharedChild::spawn(system)?;
        return Ok(Spawned { child, job: None });
    }
    let mut limits = ExtendedLimitInfo::new();
    limits.limit_kill_on_job_close();
    let job = Job::create_with_limit_info(&limits).map_err(io::Error::other)?;
    let child = Arc::new(system.creation_flags(SUSPENDED | NEW_GROUP).spawn()?);
    let begun = join(&job, &child).and_then(|()| resume(&child));
    let Some(mut child) = Arc::into_inner(child) else {
        return Err(io::Error::other("the handle of the process is in use"));
    };
    if let Err(error) = begun {
        // It may not be in the job, and would stay suspended.
        drop(child.kill());
        return Err(error);
    }
    Ok(Spawned {
        child: SharedChild::new(child)?,
        job: Some(job),
    })
}

/// Puts a program into a job.
fn join(job: &Job, child: &Child) -> io::Result<()> {
    let handle = child.as_raw_handle() as isize;
    job.assign_process(handle).map_err(io::Error::other)
}

/// Resumes a suspended program. `process-wrap` does so after it has put the program into a job too, which is unused.
fn resume(child: &Arc<Child>) -> io::Result<()> {
    let unused = StdCommandWrap::from(System::new(""));
    let lent = Box::new(Lent(child.clone()));
    JobObject.wrap_child(lent, &unused).map(drop)
}

/// A child that is lent to `process-wrap`, which uses its handle only.
#[derive(Debug)]
struct Lent(Arc<Child>);

impl StdChildWrapper for Lent {
    fn inner(&self) -> &Child {
        &self.0
    }

    fn inner_mut(&mut self) -> &mut Child {
        Arc::get_mut(&mut self.0).expect("a lent child is not changed")
    }

    fn into_inner(self: Box<Self>) -> Child {
        Arc::into_inner(self.0).expect("a lent child is not taken")
    }
}
