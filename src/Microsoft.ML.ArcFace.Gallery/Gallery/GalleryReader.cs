using Microsoft.Data.Sqlite;

namespace Microsoft.ML.ArcFace.Gallery;

/// <summary>Reads the people and photographs of a gallery's file, all of them or none.</summary>
internal sealed class GalleryReader(string path, SqliteConnection connection, GalleryHeader header, RecordSeal? seal)
{
    private readonly GalleryRecords _records = header.RecordsFor(seal);

    /// <summary>Reads everybody with their vectors.</summary>
    /// <returns>The counts of what there is.</returns>
    /// <exception cref="FaceGalleryException">Something is not as it was written.</exception>
    public GalleryCounts ReadInto(GalleryMemory memory)
    {
        var people = new Dictionary<long, PersonEntry>();
        GalleryCounts counts = ReadAll(
            (number, person) =>
            {
                ThrowIfTaken(memory.HasPerson(person.Id), "person", number, person.Id);
                people.Add(number, memory.AddPerson(number, person.Id, person.Name));
            },
            (row, photograph) =>
            {
                ThrowIfTaken(memory.FindPhotograph(photograph.Id) is not null, "photograph", row.Number, photograph.Id);
                float[] vector = _records.ReadEmbedding(row.Embedding, row.Number, row.Person, header.EmbeddingSize) ?? throw NotAsWritten("photograph", row.Number);
                memory.AddPhotograph(people.GetValueOrDefault(row.Person) ?? throw NotAsWritten("photograph", row.Number), row.Number, photograph, vector);
            });
        return people.Values.FirstOrDefault(person => person.Photographs.Count == 0) is { } empty ? throw GalleryErrors.Damaged(path, $"person {empty.Number} has no photographs") : counts;
    }

    /// <summary>Reads everybody without their vectors, in the order of enrollment.</summary>
    /// <exception cref="FaceGalleryException">Something is not as it was written.</exception>
    public IReadOnlyList<GalleryPerson> ReadPeople()
    {
        var people = new Dictionary<long, (StoredPerson Person, List<GalleryPhotograph> Photographs)>();
        var ids = new HashSet<string>(StringComparer.Ordinal);
        ReadAll(
            (number, person) =>
            {
                ThrowIfTaken(!ids.Add(person.Id), "person", number, person.Id);
                people.Add(number, (person, []));
            },
            (row, photograph) =>
            {
                if (!people.TryGetValue(row.Person, out (StoredPerson, List<GalleryPhotograph> Photographs) person))
                {
                    throw NotAsWritten("photograph", row.Number);
                }

                person.Photographs.Add(photograph);
            });
        return [.. people.Values.Select(one => new GalleryPerson(one.Person.Id, one.Person.Name, [.. one.Photographs]))];
    }

    private GalleryCounts ReadAll(Action<long, StoredPerson> onPerson, Action<GalleryRow, GalleryPhotograph> onPhotograph)
    {
        var rows = new GalleryRowReader(connection, header);
        long people = 0, photographs = 0, lastPerson = 0, lastPhotograph = 0;
        foreach (GalleryRow row in rows.People())
        {
            StoredPerson person = row.Number > lastPerson && row.IsSound ? _records.ReadPerson(row.Details, row.Number) ?? throw NotAsWritten("person", row.Number) : throw NotAsWritten("person", row.Number);
            onPerson(row.Number, person);
            (people, lastPerson) = (people + 1, row.Number);
        }

        foreach (GalleryRow row in rows.Photographs())
        {
            GalleryPhotograph photograph = row.Number > lastPhotograph && row.IsSound
                ? _records.ReadPhotograph(row.Details, row.Number, row.Person) ?? throw NotAsWritten("photograph", row.Number)
                : throw NotAsWritten("photograph", row.Number);
            onPhotograph(row, photograph);
            (photographs, lastPhotograph) = (photographs + 1, row.Number);
        }

        if (!header.HasDigests)
        {
            return new GalleryCounts(people, photographs, Math.Max(lastPerson, GallerySchema.LastNumber(connection, "person")), Math.Max(lastPhotograph, GallerySchema.LastNumber(connection, "photograph")));
        }

        return (people, photographs) == (header.Counts.People, header.Counts.Photographs) && lastPerson <= header.Counts.LastPerson && lastPhotograph <= header.Counts.LastPhotograph
            ? header.Counts
            : throw GalleryErrors.Damaged(path, $"{photographs} photographs of {people} people are in it, of {header.Counts.Photographs} photographs of {header.Counts.People} people that were written");
    }

    private void ThrowIfTaken(bool isTaken, string what, long number, string id)
    {
        if (isTaken)
        {
            throw GalleryErrors.Damaged(path, $"{what} {number} has the id '{Names.ShownName.Of(id)}', which another one has");
        }
    }

    private FaceGalleryException NotAsWritten(string what, long number) => GalleryErrors.Damaged(path, $"{what} {number} is not as it was written");
}
