using Microsoft.Data.Sqlite;

namespace Microsoft.ML.ArcFace.Gallery;

/// <summary>Makes the changes of one transaction in the file, and counts what there is after them.</summary>
internal sealed class GalleryTransaction(string path, SqliteConnection connection, GalleryRecords records, RowDigest digest, GalleryCounts counts)
{
    public GalleryCounts Counts { get; private set; } = counts;

    public void Apply(GalleryChange change)
    {
        switch (change)
        {
            case PersonAdded added:
                AddPerson(added.Number, added.Id, added.Name);
                break;
            case PersonRenamed renamed:
                Rename(renamed.Person, renamed.Name);
                break;
            case PersonRemoved removed:
                RemovePerson(removed.Person);
                break;
            case PhotographAdded added:
                AddPhotograph(added);
                break;
            case PhotographRemoved removed:
                RemovePhotograph(removed.Photograph);
                break;
        }
    }

    private void AddPerson(long number, string id, string name)
    {
        byte[] details = records.Write(new StoredPerson(id, name), number);
        Execute("INSERT INTO person (number, details, digest) VALUES ($number, $details, $digest)",
            ("$number", number), ("$details", details), ("$digest", digest.OfPerson(number, details)));
        Counts = Counts with { People = Counts.People + 1, LastPerson = Math.Max(Counts.LastPerson, number) };
    }

    private void Rename(PersonEntry person, string name)
    {
        byte[] details = records.Write(new StoredPerson(person.Id, name), person.Number);
        Execute("UPDATE person SET details = $details, digest = $digest WHERE number = $number",
            ("$number", person.Number), ("$details", details), ("$digest", digest.OfPerson(person.Number, details)));
    }

    /// <summary>Removes a person with their photographs, one by one: nobody is left behind by an index that is damaged.</summary>
    private void RemovePerson(PersonEntry person)
    {
        person.Photographs.ForEach(RemovePhotograph);
        Execute("DELETE FROM person WHERE number = $number", ("$number", person.Number));
        Counts = Counts with { People = Counts.People - 1 };
    }

    private void AddPhotograph(PhotographAdded added)
    {
        (long number, long person) = (added.Number, added.PersonNumber);
        byte[] details = records.Write(added.Details, number, person), embedding = records.Write(added.Vector, number, person);
        Execute(
            "INSERT INTO photograph (number, person, details, embedding, digest) VALUES ($number, $person, $details, $embedding, $digest)",
            ("$number", number), ("$person", person), ("$details", details), ("$embedding", embedding), ("$digest", digest.OfPhotograph(number, person, details, embedding)));
        Counts = Counts with { Photographs = Counts.Photographs + 1, LastPhotograph = Math.Max(Counts.LastPhotograph, number) };
    }

    private void RemovePhotograph(PhotographEntry photograph)
    {
        Execute("DELETE FROM photograph WHERE number = $number", ("$number", photograph.Number));
        Counts = Counts with { Photographs = Counts.Photographs - 1 };
    }

    private void Execute(string statement, params (string Name, object Value)[] parameters)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = statement;
        foreach ((string name, object value) in parameters)
        {
            command.Parameters.AddWithValue(name, value);
        }

        if (command.ExecuteNonQuery() != 1)
        {
            throw GalleryErrors.Damaged(path, "a row that was read when it was opened is not there any more");
        }
    }
}
