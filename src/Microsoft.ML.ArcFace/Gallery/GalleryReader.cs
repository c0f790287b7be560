using Microsoft.Data.Sqlite;

namespace Microsoft.ML.ArcFace.Gallery;

/// <summary>Reads the people and photographs of a gallery's file.</summary>
internal sealed class GalleryReader(string path, SqliteConnection connection, GalleryRecords records)
{
    private const string People = "SELECT number, number, details, NULL FROM person ORDER BY number";

    /// <summary>Reads everybody with their vectors.</summary>
    /// <exception cref="FaceGalleryException">Something is not as it was written.</exception>
    public void ReadInto(GalleryMemory memory, int embeddingSize)
    {
        var people = new Dictionary<long, PersonEntry>();
        foreach ((long number, _, byte[] details, _) in Rows(People))
        {
            StoredPerson person = PersonOf(details, number);
            people.Add(number, memory.AddPerson(number, person.Id, person.Name));
        }

        foreach ((long number, long personNumber, byte[] details, byte[]? embedding) in Rows("SELECT number, person, details, embedding FROM photograph ORDER BY number"))
        {
            GalleryPhotograph photograph = PhotographOf(details, number, personNumber);
            if (!people.TryGetValue(personNumber, out PersonEntry? person) || embedding is null || records.ReadEmbedding(embedding, number, personNumber, embeddingSize) is not { } vector)
            {
                throw Damaged($"photograph {number} is not as it was written");
            }

            memory.AddPhotograph(person, number, photograph, vector);
        }

        if (people.Values.FirstOrDefault(person => person.Photographs.Count == 0) is { } empty)
        {
            throw Damaged($"person {empty.Number} has no photographs");
        }
    }

    /// <summary>Reads everybody without their vectors, in the order of enrollment.</summary>
    /// <exception cref="FaceGalleryException">Something is not as it was written.</exception>
    public IReadOnlyList<GalleryPerson> ReadPeople()
    {
        ILookup<long, GalleryPhotograph> photographs = Rows("SELECT number, person, details, NULL FROM photograph ORDER BY number")
            .ToLookup(row => row.Person, row => PhotographOf(row.Details, row.Number, row.Person));
        return [.. Rows(People).Select(row => (row.Number, Person: PersonOf(row.Details, row.Number))).Select(row => new GalleryPerson(row.Person.Id, row.Person.Name, [.. photographs[row.Number]]))];
    }

    private StoredPerson PersonOf(byte[] details, long number) => records.ReadPerson(details, number) ?? throw Damaged($"person {number} is not as it was written");

    private GalleryPhotograph PhotographOf(byte[] details, long number, long person) =>
        records.ReadPhotograph(details, number, person) ?? throw Damaged($"photograph {number} is not as it was written");

    private IEnumerable<(long Number, long Person, byte[] Details, byte[]? Embedding)> Rows(string query)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = query;
        using SqliteDataReader reader = command.ExecuteReader();
        while (reader.Read())
        {
            yield return (reader.GetInt64(0), reader.GetInt64(1), Blob(reader, 2) ?? [], Blob(reader, 3));
        }
    }

    private static byte[]? Blob(SqliteDataReader reader, int column) => reader.GetValue(column) as byte[];

    private FaceGalleryException Damaged(string what) => new(FaceGalleryProblem.Damaged,
        $"The gallery '{path}' is damaged: {what}. Take a copy from before the damage, or enroll the photographs again.");
}
