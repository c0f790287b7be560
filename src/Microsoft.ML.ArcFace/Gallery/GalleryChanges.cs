using Microsoft.Data.Sqlite;

namespace Microsoft.ML.ArcFace.Gallery;

/// <summary>The changes of one transaction.</summary>
internal sealed class GalleryChanges(SqliteConnection connection, SqliteTransaction transaction, GalleryRecords records)
{
    public void AddPerson(long number, string id, string name) =>
        Execute("INSERT INTO person (number, details) VALUES ($number, $details)", ("$number", number), ("$details", records.Write(new StoredPerson(id, name), number)));

    public void Rename(PersonEntry person, string name) =>
        Execute("UPDATE person SET details = $details WHERE number = $number", ("$number", person.Number), ("$details", records.Write(new StoredPerson(person.Id, name), person.Number)));

    /// <summary>Removes a person; the photographs go with them.</summary>
    public void RemovePerson(PersonEntry person) => Execute("DELETE FROM person WHERE number = $number", ("$number", person.Number));

    public void AddPhotograph(long number, long person, GalleryPhotograph photograph, float[] vector) => Execute(
        "INSERT INTO photograph (number, person, details, embedding) VALUES ($number, $person, $details, $embedding)",
        ("$number", number), ("$person", person), ("$details", records.Write(photograph, number, person)), ("$embedding", records.Write(vector, number, person)));

    public void RemovePhotograph(PhotographEntry photograph) => Execute("DELETE FROM photograph WHERE number = $number", ("$number", photograph.Number));

    private void Execute(string statement, params (string Name, object Value)[] parameters)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = statement;
        foreach ((string name, object value) in parameters)
        {
            command.Parameters.AddWithValue(name, value);
        }

        if (command.ExecuteNonQuery() != 1)
        {
            throw new InvalidOperationException($"'{statement}' did not change one row.");
        }
    }
}
