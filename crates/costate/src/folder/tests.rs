//! What stands on the disk at every moment.

use super::exchange::exchange_by_three;
use super::*;

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn made(place: &Path, force: bool, mark: &str) -> Result<()> {
    let (folder, _) = Folder::create(place, force)?;
    folder.write(CHECKPOINT, mark.as_bytes())?;
    folder.write(FITTED, mark.as_bytes())?;
    folder.finish()
}

#[test]
fn a_folder_appears_whole_and_the_next_replaces_it_whole() {
    let room = tempfile::tempdir().unwrap();
    let place = room.path().join("deep/model-fit");
    made(&place, false, "first").unwrap();
    assert_eq!(names(&place), [CHECKPOINT, FITTED]);
    fs::write(place.join(WEIGHTS), "of the first only").unwrap();
    made(&place, false, "second").unwrap();
    assert_eq!(names(&place), [CHECKPOINT, FITTED]);
    assert_eq!(fs::read_to_string(place.join(FITTED)).unwrap(), "second");
    assert_eq!(names(place.parent().unwrap()), ["model-fit"]);
}

#[test]
fn three_renames_exchange_two_folders() {
    let room = tempfile::tempdir().unwrap();
    let (a, b) = (room.path().join("a"), room.path().join("b"));
    for folder in [&a, &b] {
        fs::create_dir(folder).unwrap();
        fs::write(
            folder.join("was"),
            folder.file_name().unwrap().as_encoded_bytes(),
        )
        .unwrap();
    }
    exchange_by_three(&a, &b).unwrap();
    assert_eq!(fs::read_to_string(a.join("was")).unwrap(), "b");
    assert_eq!(fs::read_to_string(b.join("was")).unwrap(), "a");
    assert_eq!(names(room.path()), ["a", "b"]);
}

#[test]
fn an_exchange_that_fails_leaves_both_where_they_were() {
    let room = tempfile::tempdir().unwrap();
    let (missing, there) = (room.path().join("missing"), room.path().join("there"));
    fs::create_dir(&there).unwrap();
    assert!(exchange_by_three(&missing, &there).is_err());
    assert_eq!(names(room.path()), ["there"]);
}

#[test]
fn what_no_fit_made_is_refused_and_with_force_kept_beside() {
    let room = tempfile::tempdir().unwrap();
    let place = room.path().join("notes");
    fs::create_dir(&place).unwrap();
    fs::write(place.join("diary.txt"), "dear diary").unwrap();
    assert!(
        matches!(made(&place, false, "fit"), Err(Error::Misuse(text)) if text.contains("diary.txt"))
    );
    assert_eq!(names(room.path()), ["notes"]);
    made(&place, true, "fit").unwrap();
    assert_eq!(names(&place), [CHECKPOINT, "diary.txt", FITTED]);
    made(&place, true, "again").unwrap();
    assert_eq!(fs::read_to_string(place.join(FITTED)).unwrap(), "again");
    assert_eq!(names(room.path()), ["notes"]);

    let file = room.path().join("file");
    fs::write(&file, "mine").unwrap();
    assert!(
        matches!(made(&file, false, "fit"), Err(Error::Misuse(text)) if text.contains("not a folder"))
    );
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
    made(&file, true, "fit").unwrap();
    assert_eq!(names(&file), [CHECKPOINT, FITTED]);
}

#[test]
fn something_that_appears_during_the_fit_is_not_overwritten() {
    let room = tempfile::tempdir().unwrap();
    let place = room.path().join("fit");
    let (folder, _) = Folder::create(&place, false).unwrap();
    folder.write(CHECKPOINT, b"1").unwrap();
    fs::write(&place, "sudden").unwrap();
    assert!(matches!(folder.finish(), Err(Error::Misuse(text)) if text.contains("fit.partial")));
    assert_eq!(fs::read_to_string(&place).unwrap(), "sudden");
    assert_eq!(names(&room.path().join("fit.partial")), [CHECKPOINT]);
}

#[test]
fn two_fits_into_one_folder_at_once_are_refused() {
    let room = tempfile::tempdir().unwrap();
    let place = room.path().join("fit");
    let (first, _) = Folder::create(&place, false).unwrap();
    assert!(
        matches!(Folder::create(&place, false), Err(Error::Misuse(text)) if text.contains("another process"))
    );
    first.write(CHECKPOINT, b"1").unwrap();
    assert!(Folder::create(&place, false).is_err());
    assert!(Folder::reopen(&place).is_err());
    first.finish().unwrap();
    assert_eq!(names(&place), [CHECKPOINT]);
}

#[test]
fn an_interrupted_fit_is_reopened_or_set_aside_but_never_lost() {
    let room = tempfile::tempdir().unwrap();
    let place = room.path().join("fit");
    let (folder, _) = Folder::create(&place, false).unwrap();
    folder.write(CHECKPOINT, b"at 7").unwrap();
    drop(folder);
    assert_eq!(names(room.path()), ["fit.partial"]);

    for path in [
        place.clone(),
        room.path().join("fit.partial"),
        room.path().join("fit.partial/"),
    ] {
        let (folder, checkpoint) = Folder::reopen(&path).unwrap();
        assert_eq!((folder.place(), &checkpoint[..]), (&*place, &b"at 7"[..]));
    }

    let (folder, aside) = Folder::create(&place, false).unwrap();
    let aside = aside.unwrap();
    assert_eq!(fs::read(aside.join(CHECKPOINT)).unwrap(), b"at 7");
    drop(folder);
    assert_eq!(names(room.path()), ["fit.interrupted"]);
    assert_eq!(Folder::reopen(&aside).unwrap().1, b"at 7");
    assert!(
        matches!(Folder::reopen(&place), Err(Error::Misuse(text)) if text.contains("no fit to resume"))
    );
}

#[test]
fn a_fit_that_computed_nothing_leaves_nothing() {
    let room = tempfile::tempdir().unwrap();
    drop(Folder::create(&room.path().join("fit"), false).unwrap());
    assert!(names(room.path()).is_empty());
}
