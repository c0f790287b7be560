namespace Microsoft.ML.ArcFace.Samples.Drawing;

/// <summary>The mouth in one picture: what smile and speech make of the person's own mouth.</summary>
internal readonly record struct MouthShape(float HalfWidth, float CornerY, float CentreY, float Opening)
{
    public static MouthShape Of(DrawnPerson person, Shot shot)
    {
        MouthTraits own = person.Mouth;
        float opening = shot.MouthOpen * 6.5f;
        float halfWidth = own.HalfWidth * (1 + (0.16f * shot.Smile) - (0.1f * shot.MouthOpen));
        return new MouthShape(halfWidth, own.Y - own.RestingCurve - (2.6f * shot.Smile), own.Y + (0.6f * shot.Smile), opening);
    }
}
