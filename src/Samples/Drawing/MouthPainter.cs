using SkiaSharp;

namespace Microsoft.ML.ArcFace.Samples.Drawing;

/// <summary>Draws the mouth.</summary>
internal static class MouthPainter
{
    public static void Draw(FaceCanvas face, DrawnPerson person, Shot shot)
    {
        MouthShape shape = MouthShape.Of(person, shot);
        MouthTraits own = person.Mouth;
        SKColor skin = person.Skin.Colour;
        float width = shape.HalfWidth;
        float corner = shape.CornerY;
        float stretch = 1 - (0.22f * Math.Max(0, shot.Smile));
        float upperLine = shape.CentreY - (shape.Opening * 0.3f);
        float lowerLine = shape.CentreY + (shape.Opening * 0.7f);
        float top = upperLine - (own.UpperLip * stretch);
        float bottom = lowerLine + (own.LowerLip * stretch);

        if (shape.Opening > 0.5f)
        {
            DrawInside(face, shape, upperLine, lowerLine, own.HalfWidth);
        }

        SKColor upper = Colours.Scale(own.Lips, 0.86f);
        face.Fill(
            [
                face.On(-width, corner), face.On(-width * 0.4f, top + (own.Bow * 0.2f), 1), face.On(-width * 0.16f, top, 1), face.On(0, top + (own.Bow * 0.7f), 1),
                face.On(width * 0.16f, top, 1), face.On(width * 0.4f, top + (own.Bow * 0.2f), 1), face.On(width, corner),
                face.On(width * 0.45f, upperLine + ((corner - upperLine) * 0.15f), 1), face.On(0, upperLine + 0.3f, 1), face.On(-width * 0.45f, upperLine + ((corner - upperLine) * 0.15f), 1),
            ],
            upper);
        face.Fill(
            [
                face.On(-width, corner), face.On(-width * 0.45f, lowerLine + ((corner - lowerLine) * 0.15f), 1), face.On(0, lowerLine, 1),
                face.On(width * 0.45f, lowerLine + ((corner - lowerLine) * 0.15f), 1), face.On(width, corner), face.On(width * 0.55f, bottom - (own.LowerLip * 0.2f), 1),
                face.On(0, bottom, 1), face.On(-width * 0.55f, bottom - (own.LowerLip * 0.2f), 1),
            ],
            own.Lips);
        face.Oval(shot.Light.X * 2, lowerLine + (own.LowerLip * 0.45f), width * 0.3f, own.LowerLip * 0.2f, Colours.Fade(Colours.Mix(own.Lips, SKColors.White, 0.6f), 0.45f), 0.6f, 1);
        if (shape.Opening <= 0.5f)
        {
            face.Line(
                [face.On(-width - 0.5f, corner), face.On(-width * 0.4f, shape.CentreY + ((corner - shape.CentreY) * 0.15f), 1), face.On(0, shape.CentreY + 0.2f, 1), face.On(width * 0.4f, shape.CentreY + ((corner - shape.CentreY) * 0.15f), 1), face.On(width + 0.5f, corner)],
                Colours.Fade(Colours.Scale(own.Lips, 0.4f), 0.85f), 0.9f);
        }

        face.Oval(0, bottom + 2.2f, width * 0.5f, 1.6f, Colours.Fade(Colours.Scale(skin, 0.6f), 0.35f), 1.2f);
        if (shot.Smile > 0.3f)
        {
            DrawSmileFolds(face, person, shot, shape);
        }
    }

    private static void DrawInside(FaceCanvas face, MouthShape shape, float upperLine, float lowerLine, float ownHalfWidth)
    {
        float width = shape.HalfWidth * 0.94f;
        ReadOnlySpan<SKPoint> hole =
        [
            face.On(-width, shape.CornerY), face.On(-width * 0.5f, upperLine - 0.3f), face.On(0, upperLine - 0.5f), face.On(width * 0.5f, upperLine - 0.3f),
            face.On(width, shape.CornerY), face.On(width * 0.55f, lowerLine), face.On(0, lowerLine + 0.5f), face.On(-width * 0.55f, lowerLine),
        ];
        face.Fill(hole, new SKColor(0x3A, 0x12, 0x14));
        face.Clip(hole);
        face.Oval(0, upperLine + 0.4f, ownHalfWidth * 0.85f, 1.1f + (shape.Opening * 0.3f), new SKColor(0xEE, 0xE8, 0xDE));
        face.Oval(0, lowerLine + 0.6f, ownHalfWidth * 0.55f, shape.Opening * 0.3f, new SKColor(0x9C, 0x48, 0x48));
        face.Unclip();
    }

    private static void DrawSmileFolds(FaceCanvas face, DrawnPerson person, Shot shot, MouthShape shape)
    {
        SKColor fold = Colours.Fade(Colours.Scale(person.Skin.Colour, 0.6f), 0.55f * shot.Smile);
        foreach (int side in (ReadOnlySpan<int>)[-1, 1])
        {
            float start = side * (person.Nose.HalfWidth + 2.5f);
            face.Line(
                [face.On(start, person.Nose.TipY), face.On(side * (shape.HalfWidth + 2), shape.CornerY - 8), face.On(side * (shape.HalfWidth + 4), shape.CornerY + 1)],
                fold, 1.2f, 0.6f);
        }
    }
}
