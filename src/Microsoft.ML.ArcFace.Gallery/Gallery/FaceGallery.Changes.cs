using Microsoft.ML.ArcFace.Gallery;
using Microsoft.ML.ArcFace.Runtime;

namespace Microsoft.ML.ArcFace;

// What changes a gallery: checked first, then written to the file, then made visible to searches.
public sealed partial class FaceGallery
{
    /// <summary>Adds a photograph of a person, who comes in with the first one; one that is there already changes nothing.</summary>
    /// <param name="personId">Who it is: a name, or a number of your own records.</param>
    /// <param name="embedding">The face's embedding by the gallery's model.</param>
    /// <param name="name">What to call the person; null: as they are called already, or by their id if they are new.</param>
    /// <param name="source">Where the photograph comes from, such as a file's path; null: not said.</param>
    /// <param name="replaceSameSource">Whether the person's older photographs of the same source give way to it. Default false: both stay.</param>
    /// <returns>What became of it: new, there already, or in the place of an older one.</returns>
    /// <exception cref="ArgumentException">The face cannot be kept: no id, another name than the person's, an embedding of another size or without a direction.</exception>
    /// <exception cref="FaceGalleryException">Another model made the embedding (<see cref="FaceGalleryProblem.OtherModel"/>), or the file cannot be written; nothing was added.</exception>
    public FaceEnrollment Enroll(string personId, FaceEmbedding embedding, string? name = null, string? source = null, bool replaceSameSource = false) =>
        Enroll([new FaceToEnroll(personId, embedding) { Name = name, Source = source }], replaceSameSource)[0];

    /// <summary>
    /// Adds photographs, all or none; many at once are much faster than one by one. Those that are there already, or twice among
    /// them, change nothing.
    /// </summary>
    /// <param name="faces">Photographs of one person or several.</param>
    /// <returns>What became of each photograph, in the same order.</returns>
    /// <exception cref="ArgumentException">A face cannot be kept; the message says which and why.</exception>
    /// <exception cref="FaceGalleryException">Another model made an embedding, or the file cannot be written; nothing was added.</exception>
    public IReadOnlyList<FaceEnrollment> Enroll(IReadOnlyCollection<FaceToEnroll> faces) => Enroll(faces, replaceSameSource: false);

    /// <summary>Adds photographs, all or none, and puts them in the place of older ones if asked to.</summary>
    /// <param name="faces">Photographs of one person or several.</param>
    /// <param name="replaceSameSource">Whether a person's older photographs of the same source give way to a new one; else both stay.</param>
    /// <returns>What became of each photograph, in the same order.</returns>
    /// <exception cref="ArgumentException">A face cannot be kept; the message says which and why.</exception>
    /// <exception cref="FaceGalleryException">Another model made an embedding, or the file cannot be written; nothing was added.</exception>
    public IReadOnlyList<FaceEnrollment> Enroll(IReadOnlyCollection<FaceToEnroll> faces, bool replaceSameSource) => Write(() =>
    {
        (Dictionary<string, string?> names, GalleryVector[] vectors) = Checked(faces);
        IEnumerable<PersonEntry> known = names.Keys.Select(_memory.FindPerson).OfType<PersonEntry>();
        var plan = EnrollmentPlan.Create(vectors, known.SelectMany(_memory.VectorsOf), replaceSameSource);
        Put(names, plan.Added, [.. plan.Removed.Select(photograph => _memory.FindPhotograph(photograph.Id)!)]);
        return plan.Results;
    });

    /// <summary>Puts photographs in the place of all that a person has, in one step; the old ones cannot be read any more.</summary>
    /// <param name="personId">Who.</param>
    /// <param name="faces">Their photographs from now on, at least one.</param>
    /// <returns>The photographs as they are kept, in the same order.</returns>
    /// <exception cref="ArgumentException">There is no such person, no photograph, one of somebody else, or one that cannot be kept.</exception>
    /// <exception cref="FaceGalleryException">The file cannot be written.</exception>
    public IReadOnlyList<GalleryPhotograph> ReplacePhotographs(string personId, IReadOnlyCollection<FaceToEnroll> faces)
    {
        EnrollmentChecks.CheckReplacement(personId, faces);
        return Write(() =>
        {
            PersonEntry person = _memory.FindPerson(personId) ?? throw EnrollmentChecks.NoSuchPerson(personId);
            (Dictionary<string, string?> names, GalleryVector[] vectors) = Checked(faces);
            Put(names, vectors, [.. person.Photographs]);
            return (IReadOnlyList<GalleryPhotograph>)[.. vectors.Select(vector => vector.Photograph)];
        });
    }

    /// <summary>Calls a person by another name; the old one cannot be read from the file any more.</summary>
    /// <param name="personId">Who.</param>
    /// <param name="name">The new name, not empty.</param>
    /// <returns>Whether there is such a person.</returns>
    /// <exception cref="FaceGalleryException">The file cannot be written.</exception>
    public bool Rename(string personId, string name)
    {
        ArgumentNullException.ThrowIfNull(personId);
        EnrollmentChecks.CheckText(name, "The name", nameof(name));
        return Write(() =>
        {
            if (_memory.FindPerson(personId) is not { } person)
            {
                return false;
            }

            Change([new PersonRenamed(person, name)]);
            return true;
        });
    }

    /// <summary>Removes a person with all photographs, from the bytes of the file too.</summary>
    /// <param name="personId">Who.</param>
    /// <returns>Whether there was such a person.</returns>
    /// <exception cref="FaceGalleryException">The file cannot be written.</exception>
    public bool Remove(string personId)
    {
        ArgumentNullException.ThrowIfNull(personId);
        return Remove([personId]) == 1;
    }

    /// <summary>Removes people with all photographs, from the bytes of the file too: it is written anew once for all of them.</summary>
    /// <param name="personIds">Who; ids that nobody has are passed over.</param>
    /// <returns>How many people were removed.</returns>
    /// <exception cref="FaceGalleryException">The file cannot be written.</exception>
    public int Remove(IReadOnlyCollection<string> personIds)
    {
        ArgumentNullException.ThrowIfNull(personIds);
        return Write(() =>
        {
            PersonEntry[] people = [.. personIds.Select(_memory.FindPerson).OfType<PersonEntry>().Distinct()];
            if (people.Length > 0)
            {
                Change([.. people.Select(person => new PersonRemoved(person))]);
            }

            return people.Length;
        });
    }

    /// <summary>Removes one photograph, from the bytes of the file too; with the last one goes the person.</summary>
    /// <param name="photographId">Which.</param>
    /// <returns>Whether there was such a photograph.</returns>
    /// <exception cref="FaceGalleryException">The file cannot be written.</exception>
    public bool RemovePhotograph(string photographId)
    {
        ArgumentNullException.ThrowIfNull(photographId);
        return Write(() =>
        {
            if (_memory.FindPhotograph(photographId) is not { } photograph)
            {
                return false;
            }

            Change([photograph.Person.Photographs.Count == 1 ? new PersonRemoved(photograph.Person) : new PhotographRemoved(photograph)]);
            return true;
        });
    }

    /// <summary>Checks photographs; gives the names of their people, and the photographs as they will be kept.</summary>
    private (Dictionary<string, string?> Names, GalleryVector[] Vectors) Checked(IReadOnlyCollection<FaceToEnroll> faces)
    {
        faces = EnrollmentChecks.UnderKnownIds(faces, id => _memory.FindPerson(id)?.Id);
        Dictionary<string, string?> names = EnrollmentChecks.GivenNames(faces, id => _memory.FindPerson(id)?.Name);
        return (names, EnrollmentChecks.Vectors(faces, names, Model, DateTimeOffset.UtcNow));
    }

    private void Put(Dictionary<string, string?> names, IReadOnlyList<GalleryVector> added, PhotographEntry[] removed)
    {
        if (added.Count == 0 && removed.Length == 0)
        {
            return;
        }

        // Numbers go up by what is tried, so that none is used twice, whatever fails.
        PersonAdded[] newPeople = [.. names.Keys.Where(id => _memory.FindPerson(id) is null).Select(id => new PersonAdded(++_lastPerson, id, names[id] ?? id))];
        Dictionary<string, long> numbers = newPeople.ToDictionary(person => person.Id, person => person.Number, StringComparer.Ordinal);
        long NumberOf(string id) => numbers.TryGetValue(id, out long number) ? number : _memory.FindPerson(id)!.Number;
        Change(
        [
            .. newPeople,
            .. added.Select(vector => new PhotographAdded(++_lastPhotograph, NumberOf(vector.PersonId), vector.PersonId, vector.Photograph, vector.Vector)),
            .. removed.Select(photograph => new PhotographRemoved(photograph)),
        ]);
    }

    /// <summary>To the disk, then to memory, then away with what was removed.</summary>
    private void Change(IReadOnlyList<GalleryChange> changes)
    {
        bool erases = changes.Any(change => change.Erases);
        _file?.Commit(changes);
        _memoryLock.EnterWriteLock();
        try
        {
            foreach (GalleryChange change in changes)
            {
                _memory.Apply(change);
            }
        }
        finally
        {
            _memoryLock.ExitWriteLock();
        }

        if (erases)
        {
            _file?.Erase();
        }

        if ((erases || IsErasurePending) && Path is not null)
        {
            TryErase();
            foreach (string backup in GalleryUpgrade.BackupsOf(Path))
            {
                GalleryLog.Warn(Log, $"What was removed is still in '{backup}', the copy from before the file was upgraded. Delete it when the gallery serves as it did.");
            }
        }
    }

    /// <exception cref="FaceGalleryException">The file or its log was moved or removed since it was opened, so that nothing can be changed.</exception>
    internal void ThrowIfMoved() => _file?.ThrowIfMoved();

    /// <exception cref="FaceGalleryException">Nothing can be changed.</exception>
    internal void ThrowIfReadOnly()
    {
        if (_obstacle is { } obstacle)
        {
            throw new FaceGalleryException(FaceGalleryProblem.ReadOnly, $"The gallery '{Path}' can be searched, but not changed: it {obstacle.Reason}. To enroll or remove, {obstacle.Remedy}.");
        }
    }

    private T Write<T>(Func<T> write)
    {
        using UseGate.Use use = _gate.Begin();
        ThrowIfReadOnly();
        lock (_writing)
        {
            return write();
        }
    }
}
