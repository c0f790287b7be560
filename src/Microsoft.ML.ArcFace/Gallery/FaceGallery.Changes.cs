using Microsoft.ML.ArcFace.Evaluation;
using Microsoft.ML.ArcFace.Gallery;
using Microsoft.ML.ArcFace.Runtime;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.ArcFace;

// What changes a gallery: checked first, then written to the file, then made visible to searches.
public sealed partial class FaceGallery
{
    /// <summary>Adds a photograph of a person, who comes in with the first one; one that is there already changes nothing.</summary>
    /// <param name="personId">Who it is: a name, or a number of your own records.</param>
    /// <param name="embedding">The face's embedding, of any length but zero.</param>
    /// <param name="name">What to call the person; null: as they are called already, or by their id if they are new.</param>
    /// <param name="source">Where the photograph comes from, such as a file's path; null: not said.</param>
    /// <param name="replaceSameSource">Whether the person's older photographs of the same source give way to it. Default false: both stay.</param>
    /// <returns>What became of it: new, there already, or in the place of an older one.</returns>
    /// <exception cref="ArgumentException">The face cannot be kept: no id, another name than the person's, an embedding of another size or without a direction.</exception>
    /// <exception cref="FaceGalleryException">The file cannot be written; nothing was added.</exception>
    public FaceEnrollment Enroll(string personId, float[] embedding, string? name = null, string? source = null, bool replaceSameSource = false) =>
        Enroll([new FaceToEnroll(personId, embedding) { Name = name, Source = source }], replaceSameSource)[0];

    /// <summary>
    /// Adds photographs, all or none; many at once are much faster than one by one. Those that are there already, or twice among
    /// them, change nothing.
    /// </summary>
    /// <param name="faces">Photographs of one person or several.</param>
    /// <returns>What became of each photograph, in the same order.</returns>
    /// <exception cref="ArgumentException">A face cannot be kept; the message says which and why.</exception>
    /// <exception cref="FaceGalleryException">The file cannot be written; nothing was added.</exception>
    public IReadOnlyList<FaceEnrollment> Enroll(IReadOnlyCollection<FaceToEnroll> faces) => Enroll(faces, replaceSameSource: false);

    /// <summary>Adds photographs, all or none, and puts them in the place of older ones if asked to.</summary>
    /// <param name="faces">Photographs of one person or several.</param>
    /// <param name="replaceSameSource">Whether a person's older photographs of the same source give way to a new one; else both stay.</param>
    /// <returns>What became of each photograph, in the same order.</returns>
    /// <exception cref="ArgumentException">A face cannot be kept; the message says which and why.</exception>
    /// <exception cref="FaceGalleryException">The file cannot be written; nothing was added.</exception>
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
        ArgumentNullException.ThrowIfNull(personId);
        ArgumentNullException.ThrowIfNull(faces);
        if (faces.FirstOrDefault(face => face?.PersonId is not { } id || !Names.UnicodeNames.AreEqual(id, personId)) is { } other || faces.Count == 0)
        {
            throw new ArgumentException(faces.Count == 0
                ? $"There is no photograph to put in the place of those of '{personId}'. Give one at least, or call {nameof(Remove)}."
                : $"All photographs must be of the person '{personId}'.", nameof(faces));
        }

        return Write(() =>
        {
            PersonEntry person = _memory.FindPerson(personId) ?? throw new ArgumentException($"There is no person '{personId}' in the gallery. Call {nameof(Enroll)}.", nameof(personId));
            (Dictionary<string, string?> names, GalleryVector[] vectors) = Checked(faces);
            Put(names, vectors, [.. person.Photographs]);
            return (IReadOnlyList<GalleryPhotograph>)[.. vectors.Select(vector => vector.Photograph)];
        });
    }

    /// <summary>Adds the photographs of a view of embeddings, all or none. Rows without a label or a usable embedding are left out with a warning.</summary>
    /// <param name="data">Embeddings with the person they show, as a model makes them of <c>LoadFromFolder</c>.</param>
    /// <param name="labelColumnName">The column that says who it is: text or a key.</param>
    /// <param name="embeddingColumnName">The column of embeddings.</param>
    /// <param name="sourceColumnName">The text column that says where a photograph comes from; null: none.</param>
    /// <param name="replaceSameSource">Whether a person's older photographs of the same source give way to a new one. Default false: both stay.</param>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or of another kind.</exception>
    /// <exception cref="ArgumentException">The embeddings have another size than the gallery's.</exception>
    /// <exception cref="FaceGalleryException">The file cannot be written; nothing was added.</exception>
    public EnrollmentSummary EnrollFrom(IDataView data, string labelColumnName = "Label", string embeddingColumnName = "Embedding", string? sourceColumnName = null, bool replaceSameSource = false)
    {
        (List<FaceToEnroll> faces, int unusable) = GalleryRows.Read(_host, data, labelColumnName, embeddingColumnName, sourceColumnName);
        var summary = EnrollmentSummary.Of(Enroll(faces, replaceSameSource), unusable);
        using IChannel channel = _host.Start(nameof(EnrollFrom));
        if (unusable > 0)
        {
            channel.Warning($"{unusable} rows have no label, or an embedding that is zero or not a number, as of a picture that cannot be read; they are not enrolled.");
        }

        if (faces.Count == 0)
        {
            channel.Warning("Nobody was enrolled: the data have no row with a label and a usable embedding.");
        }

        if (summary.SameSourceCount > 0)
        {
            channel.Warning($"{summary.SameSourceCount} new photographs name a source of which their person has another photograph, and both are kept; {nameof(replaceSameSource)} puts the new one in its place.");
        }

        return summary;
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

            Change(changes => changes.Rename(person, name), () => person.Name = name, erases: true);
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
                Change(changes => Array.ForEach(people, changes.RemovePerson), () => Array.ForEach(people, _memory.RemovePerson), erases: true);
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

            if (photograph.Person.Photographs.Count == 1)
            {
                Change(changes => changes.RemovePerson(photograph.Person), () => _memory.RemovePerson(photograph.Person), erases: true);
            }
            else
            {
                Change(changes => changes.RemovePhotograph(photograph), () => _memory.RemovePhotograph(photograph), erases: true);
            }

            return true;
        });
    }

    /// <summary>Checks photographs; gives the names of their people, and the photographs as they will be kept.</summary>
    private (Dictionary<string, string?> Names, GalleryVector[] Vectors) Checked(IReadOnlyCollection<FaceToEnroll> faces)
    {
        faces = EnrollmentChecks.UnderKnownIds(faces, id => _memory.FindPerson(id)?.Id);
        Dictionary<string, string?> names = EnrollmentChecks.GivenNames(faces, id => _memory.FindPerson(id)?.Name);
        DateTimeOffset now = DateTimeOffset.UtcNow;
        return (names,
        [
            .. faces.Select(face => new GalleryVector(
                face.PersonId, names[face.PersonId], new GalleryPhotograph(Guid.CreateVersion7(now).ToString("N"), face.Source, now), EnrollmentChecks.UnitVector(face, Model, nameof(faces)))),
        ]);
    }

    private void Put(Dictionary<string, string?> names, IReadOnlyList<GalleryVector> added, PhotographEntry[] removed)
    {
        if (added.Count == 0 && removed.Length == 0)
        {
            return;
        }

        // Numbers go up by what is tried, so that none is used twice, whatever fails.
        (string Id, long Number)[] newPeople = [.. names.Keys.Where(id => _memory.FindPerson(id) is null).Select(id => (id, ++_lastPerson))];
        Dictionary<string, long> numbers = newPeople.ToDictionary(person => person.Id, person => person.Number, StringComparer.Ordinal);
        long NumberOf(string id) => numbers.TryGetValue(id, out long number) ? number : _memory.FindPerson(id)!.Number;
        long first = _lastPhotograph + 1;
        _lastPhotograph += added.Count;

        Change(
            changes =>
            {
                Array.ForEach(removed, changes.RemovePhotograph);
                Array.ForEach(newPeople, person => changes.AddPerson(person.Number, person.Id, names[person.Id] ?? person.Id));
                foreach ((int index, GalleryVector vector) in added.Index())
                {
                    changes.AddPhotograph(first + index, NumberOf(vector.PersonId), vector.Photograph, vector.Vector);
                }
            },
            () =>
            {
                Array.ForEach(newPeople, person => _memory.AddPerson(person.Number, person.Id, names[person.Id] ?? person.Id));
                foreach ((int index, GalleryVector vector) in added.Index())
                {
                    _memory.AddPhotograph(_memory.FindPerson(vector.PersonId)!, first + index, vector.Photograph, vector.Vector);
                }

                Array.ForEach(removed, _memory.RemovePhotograph);
            },
            erases: removed.Length > 0);
    }

    /// <summary>To the disk, then to memory, then away with what was removed.</summary>
    private void Change(Action<GalleryChanges> onDisk, Action inMemory, bool erases)
    {
        _file?.Commit(onDisk, erases);
        _memoryLock.EnterWriteLock();
        try
        {
            inMemory();
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
            using IChannel channel = _host.Start(nameof(FaceGallery));
            TryErase(channel);
            foreach (string backup in GalleryUpgrade.BackupsOf(Path))
            {
                channel.Warning($"What was removed is still in '{backup}', the copy from before the file was upgraded. Delete it when the gallery serves as it did.");
            }
        }
    }

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
